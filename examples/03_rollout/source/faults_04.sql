-- A kind of file that the new system does not keep; it says so with status 200.
update document set name = 'order 10276.tmp' where document_id = 10276;
