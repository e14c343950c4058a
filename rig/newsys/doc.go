// Package newsys is a system that people work in, as a migration meets one: an
// HTTP API with assignments that are ordered inside a project, documents,
// planboards made by jobs, settings, look-ups. It is a real server on loopback
// that keeps all in memory, misbehaves where a test wants it to, and notes what
// arrives: its Verdict says what a client did wrong. Start at System.
//
//	GET POST   /assignments                    externalId, projectId, seq, notes (how many are to follow) ...
//	GET PUT DELETE /assignments/{id}
//	GET POST   /assignments/{id}/annotations   the second call of a create
//	GET POST   /assignments/{id}/documents     multipart: meta (JSON) and file; 200 with an error for a name in .tmp
//	GET POST   /projects /resources            GET PUT with /{id}
//	GET POST   /planboards                     answered by 202 and a job
//	GET        /jobs /jobs/{id}
//	GET PUT    /settings/{name} /workflows/{id}
//	GET        /workflows /workstations        the latter a bare list
//
// Lists are paged by page and size, by offset and limit, by cursor and size, and
// by the Link header; other parameters are equal to a field. Parameters may
// stand in the path, too: /assignments;page=1;size=20.
//
// Who tests it looks at it by its methods, or, when it is a process of its own, by
// Inspection.
package newsys
