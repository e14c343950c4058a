select document_id, assignment_id, name, path, mime from document order by document_id
