alter table assignment rename column title to description;
