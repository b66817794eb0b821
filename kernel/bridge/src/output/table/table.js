(() => {
  const box = document.currentScript.parentElement, table = box.querySelector('table'), body = table.tBodies[0];
  const rows = [...body.rows];
  const order = (a, b) => (a - b) || 0;
  const value = (row, at) => {
    const cell = row.cells[at];
    return cell.firstElementChild && cell.firstElementChild.tagName === 'I' ? null : cell.textContent;
  };
  const compare = (at, numeric) => (one, other) => {
    const a = value(one, at), b = value(other, at);
    if (a === null || b === null) return (a === null) - (b === null);
    return (numeric && order(Number(a), Number(b))) || a.localeCompare(b, undefined, {numeric: true});
  };
  let sorted = null;
  [...table.tHead.rows[0].cells].forEach((head, at) => {
    head.title = 'Sort';
    head.onclick = () => {
      const down = sorted === at;
      sorted = down ? -1 - at : sorted === -1 - at ? null : at;
      const numeric = rows.some((row) => row.cells[at].className === 'n');
      const found = sorted === null ? rows : [...rows].sort(compare(at, numeric));
      body.append(...(down ? found.reverse() : found));
      [...table.tHead.rows[0].cells].forEach((cell) => cell.removeAttribute('aria-sort'));
      if (sorted !== null) head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    };
  });
  if (rows.length < 6) return;
  const search = document.createElement('input');
  search.placeholder = 'Search';
  search.setAttribute('aria-label', 'Search the rows');
  search.oninput = () => {
    const wanted = search.value.toLowerCase();
    rows.forEach((row) => { row.hidden = !row.textContent.toLowerCase().includes(wanted); });
  };
  search.onkeydown = (event) => event.stopPropagation();
  box.prepend(search);
})();
