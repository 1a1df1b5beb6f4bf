// What the pages of the report are made of. Text reaches the page as text only, never as HTML.
'use strict';

const report = JSON.parse(document.getElementById('data').textContent);

// An element: `element('p', {class: 'note'}, 'text', child, …)`.
function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children.filter(child => child !== null));
  return node;
}

const card = (...children) => element('section', {class: 'card'}, ...children);
const quantity = (count, thing) => `${figures.count(count)} ${thing}${count === 1 ? '' : 's'}`;

const panels = [];

// A chart with its title. `chart` makes its configuration when it is drawn.
function panel(title, note, chart, wide = false) {
  const canvas = element('canvas', {role: 'img', 'aria-label': `${title}. ${note}`});
  panels.push({canvas, chart});
  return element('figure', {class: wide ? 'card wide' : 'card'},
    element('figcaption', {}, element('h2', {}, title), element('span', {class: 'muted'}, note)),
    element('div', {class: 'plot'}, canvas));
}

// `heads`: text or th elements. `rows`: arrays of text, nodes or td elements, the first the head of its row; or a
// string, the head of a group of rows. A column of dashes tells nothing, and is left out.
function table(allHeads, allRows) {
  const isKept = (_, column) => allRows.some(row => typeof row !== 'string' && row[column] !== '–');
  const heads = allHeads.filter(isKept);
  const rows = allRows.map(row => (typeof row === 'string' ? row : row.filter(isKept)));
  const isCell = content => content instanceof HTMLTableCellElement;
  const headCell = head => (isCell(head) ? head : element('th', {scope: 'col'}, head));
  const bodyCell = (content, i) => (isCell(content) ? content
    : i === 0 ? element('th', {scope: 'row'}, content) : element('td', {}, content));
  const groupCell = text => element('th', {colspan: heads.length, scope: 'rowgroup'}, element('span', {}, text));
  const row = cells => (typeof cells === 'string'
    ? element('tr', {class: 'group'}, groupCell(cells)) : element('tr', {}, ...cells.map(bodyCell)));
  return element('div', {class: 'scroll'}, element('table', {},
    element('thead', {}, element('tr', {}, ...heads.map(headCell))),
    element('tbody', {}, ...rows.map(row))));
}

// The columns of a table that tell the messages of a cell: dashes where nothing streams.
const messageHeads = ['first message p50', 'first message p99', 'messages received/s', 'messages sent/s'];

function messageFigures({streams}) {
  const {p50, p99} = streams?.timeToFirstMessage ?? {};
  const rate = (count, aSecond) => (count > 0 ? figures.figure(aSecond) : '–');
  return [figures.seconds(p50), figures.seconds(p99), rate(streams?.received, streams?.receivedRate),
    rate(streams?.sent, streams?.sentRate)];
}

// `entries`: [name, text]; those without a text are left out.
function definitions(entries) {
  return element('dl', {}, ...entries.filter(([, text]) => text)
    .flatMap(([name, text]) => [element('dt', {}, name), element('dd', {}, text)]));
}

function heading(kicker, title, items) {
  document.title = `${title} – Meanwhile`;
  return element('header', {}, element('div', {class: 'kicker'}, kicker), element('h1', {}, title),
    element('p', {class: 'muted'}, items.filter(item => item).join(' · ')));
}

// What was called and what was expected of it, for heading().
function calls({methods, expected}) {
  return [...(methods ?? []), expected?.length > 0 && `expected ${expected.join(', ')}`];
}

// What is wrong with the figures, for the top of the page.
function notices() {
  const {valid, problems, interrupted} = report;
  const notice = (kind, title, items) => element('section', {class: `card notice ${kind}`, role: 'alert'},
    element('strong', {}, title), element('ul', {}, ...items.map(item => element('li', {}, item))));
  return [
    !valid ? notice('invalid', 'INVALID: these figures must not be used', problems)
      : problems.length > 0 ? notice('', 'Mind this', problems) : null,
    interrupted ? notice('', 'Interrupted: these figures are of what was measured until then', []) : null,
  ];
}

// `cells`: [{name: nodes of the first columns, groups: its error groups}], with the `heads` of those columns.
function errorCard(heads, cells) {
  const text = (tag, content) => element(tag, {class: 'text'}, content);
  const rows = cells.flatMap(({name, groups}) => [...groups].sort((a, b) => b.count - a.count)
    .map(({status, message, count}) => [...name, status, text('td', message), figures.count(count)]));
  if (rows.length === 0) return null;
  return card(element('h2', {}, 'Errors'), table([...heads, 'status', text('th', 'message'), 'calls'], rows));
}

// All flags, first what somebody chose.
function configurationCard(flags) {
  if (flags.length === 0) return null;
  const chosen = flags.filter(({given}) => given);
  const defaults = flags.filter(({given}) => !given);
  return card(element('h2', {}, 'Configuration'), definitions(chosen.map(({name, value}) => [name, value])),
    element('p', {class: 'note'}, `By default: ${defaults.map(({name, value}) => `${name} ${value}`).join(' · ')}`));
}

// Settings given as for definitions(), and the host.
function hostCard(settings) {
  const host = report.host ?? {};
  return card(element('h2', {}, 'Settings and host'), definitions([
    ...settings,
    ['host', host.name],
    ['processors', host.processors > 0 ? `${host.processors}${host.processor ? ` × ${host.processor}` : ''}` : ''],
    ['memory', host.memoryBytes > 0 ? figures.bytes(host.memoryBytes) : ''],
    ['kernel', host.kernel],
    ['measured', report.startTime],
    ['Meanwhile', report.version],
  ]));
}

// Puts the page in place and draws its charts.
function show(nodes) {
  document.getElementById('report').replaceChildren(...nodes.filter(node => node !== null));
  drawCharts(panels);
}
