// The page of `loadtest run`.
'use strict';

function runPage() {
  const times = report.responseTime ?? {};
  const percentiles = {
    min: times.min, p50: times.p50, p75: times.p75, p90: times.p90, p99: times.p99,
    'p99.9': times.p999, 'p99.99': times.p9999, max: times.max,
  };
  const chart = () => barChart({
    series: [{
      label: 'response time', colour: seriesColour(0), data: Object.values(percentiles).map(seconds => seconds ?? null),
    }],
    groups: Object.keys(percentiles),
    format: figures.seconds,
    xTitle: '',
  });
  const facts = {
    'calls/s': figures.figure(report.achievedRate),
    calls: figures.count(report.calls),
    p50: figures.seconds(times.p50),
    p99: figures.seconds(times.p99),
    errors: figures.count(report.errors),
  };
  const statuses = Object.entries(report.statuses).sort(([, a], [, b]) => b - a);
  return [
    heading('Load test: run', report.target, [
      report.model && `model ${report.model}`, `${figures.count(report.inFlight)} in flight`,
      quantity(report.connections, 'connection'), figures.seconds(report.durationSeconds)]),
    ...notices(),
    element('div', {class: 'cards facts'}, ...Object.entries(facts).map(([name, figure]) =>
      card(element('div', {class: 'kicker'}, name), element('div', {class: 'big'}, figure)))),
    element('div', {class: 'charts'}, panel('Response time', 'From the fastest call to the slowest.', chart, true)),
    card(element('h2', {}, 'All figures'), definitions(runFigures())),
    statuses.length > 0 ? card(element('h2', {}, 'Status codes'),
      table(['status', 'calls'], statuses.map(([status, count]) => [status, figures.count(count)]))) : null,
    errorCard([], [{name: [], groups: report.errorGroups}]),
    hostCard([['target', report.target], ['loops', figures.count(report.loops)], ['engine', report.engine]]),
  ];
}

function runFigures() {
  const {server, client, idealShare} = report;
  const busy = ({cpuMicrosPerCall, processorsUsed}) =>
    [`${figures.micros(cpuMicrosPerCall)} of processor per call`, `${figures.figure(processorsUsed)} processors busy`];
  const switches = server?.contextSwitchesPerCall;
  return [
    ['calls', `${figures.count(report.calls)} in ${figures.seconds(report.durationSeconds)}`],
    ['rate', `${figures.figure(report.achievedRate)} calls/s` +
      (idealShare === undefined ? '' : `, ${figures.share(idealShare)} of the ideal`)],
    ['mean response time', figures.seconds(report.responseTime?.mean)],
    ['server', server && [...busy(server), `peak ${quantity(server.peakThreads, 'thread')}`,
      `peak ${figures.bytes(server.peakRssBytes)}`,
      ...(switches === undefined ? [] : [`${figures.figure(switches)} switches per call`])].join(', ')],
    ['load tester', client && busy(client).join(', ')],
  ];
}

if (!('cells' in report)) show(runPage());
