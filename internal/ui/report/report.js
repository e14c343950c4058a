'use strict';
// Filter, pages and CSV for the tables of this page.
for (const table of document.querySelectorAll('table[id]')) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  const data = document.getElementById(table.id + '-rows'), size = data ? 200 : Infinity;
  const cell = c => Array.isArray(c) ? c : [c, c, ''];
  const all = data ? JSON.parse(data.textContent)
    : [...body.rows].map(r => [...r.cells].map(c => [c.textContent, c.dataset.v || c.textContent, c.className]));
  let found = all, page = 0;
  const make = (name, text, on) => {
    const e = document.createElement(name);
    if (text) e.textContent = text;
    if (on) e.addEventListener(name === 'input' ? 'input' : 'click', on);
    return e;
  };
  const fill = () => {
    const from = page * size || 0;
    body.replaceChildren(...found.slice(from, from + size).map(row => {
      const tr = make('tr');
      row.forEach((c, i) => {
        const [text, , mark] = cell(c), td = tr.appendChild(make('td', text));
        td.className = [...new Set((mark + ' ' + heads[i].className).trim().split(' '))].join(' ');
      });
      return tr;
    }));
    where.textContent = (size < found.length ? (from + 1) + ' to ' + Math.min(from + size, found.length) + ' of ' : '') + found.length + (found.length === 1 ? ' row' : ' rows');
    back.disabled = page === 0;
    next.disabled = from + size >= found.length;
  };
  const search = make('input', '', () => {
    const q = search.value.toLowerCase();
    found = all.filter(row => row.some(c => cell(c)[0].toLowerCase().includes(q)));
    page = 0;
    fill();
  });
  const quote = (s, number) => {
    if (!number && /^[=+\-@\t\r]/.test(s)) s = "'" + s;
    return /[",\r\n]/.test(s) ? '"' + s.replaceAll('"', '""') + '"' : s;
  };
  const save = make('button', 'CSV', () => {
    const lines = [heads.map(h => quote(h.textContent)), ...found.map(row => row.map((c, i) => quote(cell(c)[1], heads[i].className === 'n')))];
    const a = make('a');
    a.href = URL.createObjectURL(new Blob(['\ufeff', lines.map(l => l.join(',') + '\r\n').join('')], {type: 'text/csv'}));
    a.download = table.id + '.csv';
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 10000);
  });
  const back = make('button', 'Back', () => { page--; fill(); });
  const next = make('button', 'Next', () => { page++; fill(); });
  const where = make('span'), tools = make('div');
  search.type = 'search';
  search.placeholder = 'Filter';
  search.setAttribute('aria-label', 'Filter ' + table.id);
  where.setAttribute('role', 'status');
  tools.className = 'tools';
  if (all.length > 10) tools.append(search, where);
  if (data) {
    tools.append(back, next);
    table.parentElement.nextElementSibling.remove();
    fill();
  }
  tools.append(save);
  table.parentElement.before(tools);
}
