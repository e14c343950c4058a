select doc->>'id' as quake, doc from staging.quake
