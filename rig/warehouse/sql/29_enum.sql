-- A value added later can only be used after its transaction, hence a file of its own.
CREATE SCHEMA kinds;
CREATE TYPE kinds.mood AS ENUM ('sad', 'ok', 'it''s', 'two words', 'happy', '');
ALTER TYPE kinds.mood ADD VALUE 'so-so' BEFORE 'ok';
