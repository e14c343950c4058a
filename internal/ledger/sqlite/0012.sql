-- Version 12: nothing. It is that of another branch.
SELECT 1;
