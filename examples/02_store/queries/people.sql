-- The staff of both shops as one list.
select 'C' || employee_id as person, first_name, last_name, title, birth_date::date as born, hire_date::date as hired,
  'C' || reports_to as reports_to, email, country
from chinook.employee
union all
select 'N' || employee_id, first_name, last_name, title, birth_date, hire_date, 'N' || reports_to, null, country
from northwind.employees
