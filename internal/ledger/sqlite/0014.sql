-- Version 14: another branch's; this file gives way to it.
SELECT 1;
