// The page of the report: what it shows, from the JSON it carries. Text reaches the page as text only, never as HTML.
'use strict';

const report = JSON.parse(document.getElementById('data').textContent);

// An element: `element('p', {class: 'note'}, 'text', child, …)`.
function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'colour') node.style.background = value;
    else node.setAttribute(key, value);
  }
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

// `rows`: arrays of text or nodes, the first a head; or one string, the head of a group of rows.
function table(heads, rows) {
  const row = cells => (typeof cells === 'string'
    ? element('tr', {class: 'group'}, element('th', {colspan: heads.length, scope: 'rowgroup'}, element('span', {}, cells)))
    : element('tr', {}, ...cells.map((cell, i) => (i === 0 ? element('th', {scope: 'row'}, cell)
      : cell instanceof Node ? cell : element('td', {}, cell)))));
  return element('div', {class: 'scroll'}, element('table', {},
    element('thead', {}, element('tr', {}, ...heads.map(head => (head instanceof Node ? head : element('th', {scope: 'col'}, head))))),
    element('tbody', {}, ...rows.map(row))));
}

function definitions(entries) {
  return element('dl', {}, ...entries.filter(([, value]) => value)
    .flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]));
}

function notices() {
  const problems = report.problems ?? [];
  const nodes = [];
  if (!report.valid || problems.length > 0) {
    nodes.push(element('section', {class: `card notice${report.valid ? '' : ' invalid'}`, role: 'alert'},
      element('strong', {}, report.valid ? 'Mind this' : 'INVALID: these figures must not be used'),
      element('ul', {}, ...problems.map(problem => element('li', {}, problem)))));
  }
  if (report.interrupted) {
    nodes.push(element('section', {class: 'card notice', role: 'alert'},
      element('strong', {}, 'Interrupted: these figures are of what was measured until then')));
  }
  return nodes;
}

function heading(kicker, title, items) {
  document.title = `${title} – Meanwhile`;
  return element('header', {}, element('div', {class: 'kicker'}, kicker), element('h1', {}, title),
    element('p', {class: 'muted'}, items.filter(item => item).join(' · ')));
}

// `cells`: [{name: nodes of the first columns, groups}], with `heads` of those columns.
function errorCard(heads, cells) {
  const text = (tag, content) => element(tag, {class: 'text'}, content);
  const rows = cells.flatMap(({name, groups}) => [...(groups ?? [])].sort((a, b) => b.count - a.count)
    .map(({status, message, count}) => [...name, status, text('td', message), figures.count(count)]));
  if (rows.length === 0) return null;
  return card(element('h2', {}, 'Errors'), table([...heads, 'status', text('th', 'message'), 'calls'], rows));
}

function hostCard(extra) {
  const host = report.host ?? {};
  return card(element('h2', {}, 'Settings and host'), definitions([
    ...extra,
    ['host', host.name],
    ['processors', host.processors ? `${host.processors}${host.processor ? ` × ${host.processor}` : ''}` : ''],
    ['memory', host.memoryBytes ? figures.bytes(host.memoryBytes) : ''],
    ['kernel', host.kernel],
    ['measured', report.startTime],
    ['Meanwhile', report.version],
  ]));
}

// ---- compare ----

function comparePage() {
  const settings = report.settings ?? {};
  const cells = report.cells;
  const models = [...new Set([...(settings.models ?? []), ...cells.map(cell => cell.model)])]
    .filter(model => cells.some(cell => cell.model === model));
  const levels = [...new Set(cells.map(cell => cell.inFlight))].sort((a, b) => a - b);
  const colour = model => seriesColour(models.indexOf(model));
  const find = (model, inFlight) => cells.find(cell => cell.model === model && cell.inFlight === inFlight) ?? {};
  const ratesOf = cell => report.rounds.filter(round => round.model === cell.model && round.inFlight === cell.inFlight)
    .map(round => round.achievedRate);

  const answer = ({subject, baseline, inFlight, throughputRatio: ratio, sentence}) => {
    // As many decimals as the sentence has, and like it no difference where the printed interval holds 1.
    const decimals = ratio?.median < 1.95 ? 2 : ratio?.median < 9.95 ? 1 : 0;
    const same = Number(ratio?.low.toFixed(decimals)) <= 1 && Number(ratio?.high.toFixed(decimals)) >= 1;
    return card(
      element('div', {class: 'kicker'}, `${figures.count(inFlight)} in flight`),
      ratio?.median > 0 ? element('div', {class: same ? 'big muted' : 'big'}, `${ratio.median.toFixed(decimals)}× `,
        element('small', {}, `the calls of ${baseline}`)) : null,
      element('p', {}, sentence || `${subject} against ${baseline}`));
  };

  const line = (value, more) => models.map(model => ({
    label: model,
    colour: colour(model),
    data: levels.map(level => ({x: level, y: value(find(model, level)) ?? null})).filter(({y}) => y !== null),
    ...more,
  }));
  const throughput = () => {
    const series = line(cell => cell.achievedRate);
    for (const {label, data} of series) {
      for (const point of data) {
        const rates = ratesOf({model: label, inFlight: point.x});
        if (rates.length > 1) Object.assign(point, {low: Math.min(...rates), high: Math.max(...rates)});
      }
    }
    const highest = Math.max(1, ...series.flatMap(({data}) => data.flatMap(({y, high}) => [y, high ?? y])));
    if (settings.meanWaitSeconds > 0) {
      const ends = [levels[0] / 1.25, levels[levels.length - 1] * 1.25];
      series.push({label: 'ideal: in flight ÷ mean wait', colour: style('--muted'), dashed: true, faint: true,
        data: ends.map(x => ({x, y: x / settings.meanWaitSeconds}))});
    }
    return lineChart({series, levels, format: figures.figure, yTitle: 'calls/s', yMax: niceMaximum(highest * 1.08)});
  };
  const latency = () => {
    const median = line(cell => cell.responseTime?.p50);
    const tail = line(cell => cell.responseTime?.p99, {dashed: true});
    const series = models.flatMap((model, i) => [{...median[i], label: `${model} p50`}, {...tail[i], label: `${model} p99`}]);
    const values = series.flatMap(({data}) => data.map(({y}) => y)).filter(y => y > 0);
    return lineChart({series, levels, format: figures.seconds, yTitle: '',
      logarithmic: Math.max(...values) > 20 * Math.min(...values)});
  };
  const bars = (value, format) => () => barChart({
    series: models.map(model => ({label: model, colour: colour(model), data: levels.map(level => value(find(model, level)) ?? null)})),
    groups: levels.map(figures.count), format, xTitle: 'calls in flight',
  });

  const modelName = model => element('span', {title: model},
    element('span', {class: 'swatch', colour: `var(${seriesVariable(models.indexOf(model))})`}), element('span', {class: 'name'}, model));
  const row = cell => [modelName(cell.model), figures.figure(cell.achievedRate), rangeText(ratesOf(cell)), ...cellFigures(cell)];
  const heads = ['model', 'calls/s', 'lowest to highest round', ...cellHeads];

  return [
    heading('Load test: comparison', models.join(models.length === 2 ? ' against ' : ', '), [
      `backend ${settings.backend}`, quantity(settings.connections, 'connection'),
      `${quantity(settings.rounds, 'round')} of ${settings.measureSeconds} s`, settings.pinning]),
    ...notices(),
    report.comparisons.length ? element('div', {class: 'cards'}, ...report.comparisons.map(answer)) : null,
    element('div', {class: 'charts'},
      panel('Throughput', 'Successful calls a second; the bars reach from the lowest round to the highest.', throughput, true),
      panel('Response time', 'Median (solid) and 99th percentile (dashed, hollow).', latency),
      panel('Processor time per call', 'What the server spent on each call.', bars(cell => cell.server?.cpuMicrosPerCall, figures.micros)),
      panel('Peak threads', 'The most threads the server had at one time.', bars(cell => cell.server?.peakThreads, figures.count)),
      panel('Peak memory', 'The most resident memory of the server.', bars(cell => cell.server?.peakRssBytes, figures.bytes))),
    card(element('h2', {}, 'All figures'),
      element('p', {class: 'note'}, 'Medians over the rounds; peaks are the highest of any round. The ideal is the calls in ' +
        'flight divided by the mean wait (Little’s law).'),
      table(heads, levels.flatMap(level => [`${figures.count(level)} in flight`,
        ...cells.filter(cell => cell.inFlight === level).map(row)]))),
    errorCard(['model', 'in flight'], cells.map(cell => ({name: [modelName(cell.model), figures.count(cell.inFlight)], groups: cell.errorGroups}))),
    report.rounds.length ? element('details', {class: 'card'}, element('summary', {}, 'Every round'),
      table(['model', 'in flight', 'round', 'calls/s', ...cellHeads], report.rounds.map(round => [modelName(round.model),
        figures.count(round.inFlight), figures.count(round.round), figures.figure(round.achievedRate), ...cellFigures(round)]))) : null,
    hostCard([
      ['models', models.join(', ')], ['backend', settings.backend], ['in flight', levels.map(figures.count).join(', ')],
      ['connections', figures.count(settings.connections)],
      ['rounds', `${figures.count(settings.rounds)} of ${settings.measureSeconds} s each, after ${settings.warmupSeconds} s of warm-up`],
      ['payload', figures.bytes(settings.payloadBytes)], ['pinning', settings.pinning], ['engine', settings.engine]]),
  ];
}

const cellHeads = ['of ideal', 'p50', 'p90', 'p99', 'p99.9', 'max', 'processor per call', 'peak threads', 'peak memory',
  'switches per call', 'errors'];

function cellFigures(cell) {
  const {p50, p90, p99, p999, max} = cell.responseTime ?? {};
  const server = cell.server ?? {};
  return [figures.share(cell.idealShare), ...[p50, p90, p99, p999, max].map(figures.seconds),
    figures.micros(server.cpuMicrosPerCall), figures.count(server.peakThreads), figures.bytes(server.peakRssBytes),
    figures.figure(server.contextSwitchesPerCall), figures.count(cell.errors)];
}

const rangeText = rates => (rates.length > 1 ? `${figures.figure(Math.min(...rates))}–${figures.figure(Math.max(...rates))}` : '–');

// The smallest of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten that is not under `value`.
function niceMaximum(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find(step => step * power >= value) * power;
}

// ---- run ----

function runPage() {
  const times = report.responseTime ?? {};
  const percentiles = [['min', times.min], ['p50', times.p50], ['p75', times.p75], ['p90', times.p90], ['p99', times.p99],
    ['p99.9', times.p999], ['p99.99', times.p9999], ['max', times.max]];
  const {server, client} = report;
  const facts = [
    ['calls/s', figures.figure(report.achievedRate)], ['calls', figures.count(report.calls)],
    ['p50', figures.seconds(times.p50)], ['p99', figures.seconds(times.p99)], ['errors', figures.count(report.errors)]];
  return [
    heading('Load test: run', report.target, [
      report.model && `model ${report.model}`, `${figures.count(report.inFlight)} in flight`,
      quantity(report.connections, 'connection'), figures.seconds(report.durationSeconds)]),
    ...notices(),
    element('div', {class: 'cards facts'}, ...facts.map(([name, figure]) =>
      card(element('div', {class: 'kicker'}, name), element('div', {class: 'big'}, figure)))),
    element('div', {class: 'charts'}, panel('Response time', 'From the fastest call to the slowest.', () => barChart({
      series: [{label: 'response time', colour: seriesColour(0), data: percentiles.map(([, seconds]) => seconds ?? null)}],
      groups: percentiles.map(([name]) => name), format: figures.seconds, xTitle: ''}), true)),
    card(element('h2', {}, 'All figures'), definitions([
      ['calls', `${figures.count(report.calls)} in ${figures.seconds(report.durationSeconds)}`],
      ['rate', `${figures.figure(report.achievedRate)} calls/s` +
        (report.idealShare === undefined ? '' : `, ${figures.share(report.idealShare)} of the ideal`)],
      ['mean response time', figures.seconds(times.mean)],
      ['server', server && [`${figures.micros(server.cpuMicrosPerCall)} of processor per call`,
        `${figures.figure(server.processorsUsed)} processors busy`, `peak ${quantity(server.peakThreads, 'thread')}`,
        `peak ${figures.bytes(server.peakRssBytes)}`,
        ...(server.contextSwitchesPerCall === undefined ? []
          : [`${figures.figure(server.contextSwitchesPerCall)} switches per call`])].join(', ')],
      ['load tester', client && `${figures.micros(client.cpuMicrosPerCall)} of processor per call, ` +
        `${figures.figure(client.processorsUsed)} processors busy`],
    ])),
    card(element('h2', {}, 'Status codes'), table(['status', 'calls'], Object.entries(report.statuses ?? {})
      .sort(([, a], [, b]) => b - a).map(([status, count]) => [status, figures.count(count)]))),
    errorCard([], [{name: [], groups: report.errorGroups}]),
    hostCard([['target', report.target], ['loops', figures.count(report.loops)], ['engine', report.engine]]),
  ];
}

const page = 'cells' in report ? comparePage() : runPage();
document.getElementById('report').replaceChildren(...page.filter(node => node !== null));
drawCharts(panels);
