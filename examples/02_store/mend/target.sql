-- What the new model got wrong, and the product that was sold but never listed.
alter table store.customer alter company type varchar(120), drop constraint customer_email_key;
alter table store.purchase drop constraint purchase_reference_key;
insert into store.product (product_id, name, category, unit_price, active) values ('N999', 'Unlisted', 'other', 0, false);
