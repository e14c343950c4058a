package message

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"strings"
)

// Mail is the message as RFC 5322 and MIME have it, for one address; list is what
// its reader has to mend.
func (m Message) Mail(from, to, list string, file *Attachment) []byte {
	var b bytes.Buffer
	parts := multipart.NewWriter(&b)
	_, host, _ := strings.Cut(from, "@")
	for _, h := range [][2]string{
		{"From", from}, {"To", to}, {"Subject", mime.QEncoding.Encode("utf-8", m.Subject())}, {"Date", m.At.Format("Mon, 02 Jan 2006 15:04:05 -0700")},
		{"Message-ID", "<" + m.ID + "@" + host + ">"}, {"Auto-Submitted", "auto-generated"}, {"MIME-Version", "1.0"},
		{"Content-Type", "multipart/mixed; boundary=" + parts.Boundary()},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	text, _ := parts.CreatePart(textproto.MIMEHeader{"Content-Type": {"text/plain; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"}})
	q := quotedprintable.NewWriter(text) // writes to memory: no errors
	_, _ = q.Write([]byte(m.Body(list)))
	q.Close()
	if file != nil {
		w, _ := parts.CreatePart(textproto.MIMEHeader{"Content-Type": {file.Type}, "Content-Transfer-Encoding": {"base64"},
			"Content-Disposition": {mime.FormatMediaType("attachment", map[string]string{"filename": file.Name})}})
		for line := base64.StdEncoding.EncodeToString(file.Content); line != ""; {
			n := min(76, len(line))
			_, _ = w.Write([]byte(line[:n] + "\r\n"))
			line = line[n:]
		}
	}
	parts.Close()
	return b.Bytes()
}
