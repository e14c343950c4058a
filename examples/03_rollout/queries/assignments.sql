select * from assignment
