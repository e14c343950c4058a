create table project (project_id int primary key, code varchar(20) not null, name varchar(200) not null);
create table resource (resource_id int primary key, code varchar(20) not null, name varchar(200) not null, workstation varchar(10) not null);
create table assignment (
  assignment_id int primary key, project_id int not null, seq int not null, external_id varchar(20) not null, title varchar(200), short_title varchar(200),
  status_code varchar(10), date_from varchar(20), date_to varchar(20), resource_id int, costs decimal(10,2), urgent varchar(1), city varchar(60), zip varchar(20), region varchar(10));
create table contact (contact_id int primary key, assignment_id int not null, name varchar(100), phone varchar(40));
create table note (note_id int primary key, assignment_id int not null, text varchar(400) not null);
create table document (document_id int primary key, assignment_id int not null, name varchar(120) not null, path varchar(200) not null, mime varchar(60) not null);
create table planboard (slot_id int primary key, assignment_id int not null, day varchar(10) not null, hours decimal(4,1) not null);
