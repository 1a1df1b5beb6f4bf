// The page of `loadtest run`.
'use strict';

// The times that the report has, each with its name.
function timesOf() {
  return [
    ['response time', report.responseTime, 'responseTime'],
    ['service time', report.serviceTime, 'serviceTime'],
    ['dispatch delay', report.dispatchDelay, 'dispatchDelay'],
  ].filter(([, times]) => times);
}

function streamTimesOf() {
  return [
    ['to the first message', report.streams?.timeToFirstMessage],
    ['between messages', report.streams?.timeBetweenMessages],
  ].filter(([, times]) => times);
}

function spectrum() {
  const series = timesOf().map(([label, , field], i) => ({
    label,
    colour: seriesColour(i),
    data: report.spectrum.map(point => ({x: point.quantile, y: point[field]})),
  }));
  const response = report.spectrum.map(point => point.responseTime).filter(time => time > 0);
  const logarithmic = Math.max(...response) > 100 * Math.min(...response);
  // A logarithmic axis has no place for 0.
  if (logarithmic) series.forEach(({data}) => data.forEach(point => { point.y = point.y > 0 ? point.y : null; }));
  return spectrumChart({series, format: figures.seconds, logarithmic});
}

function histogramChart() {
  const bars = report.histogram;
  return barChart({
    series: [{label: 'calls', colour: seriesColour(0), data: bars.map(bar => bar.count)}],
    groups: bars.map(bar => `to ${figures.seconds(bar.high)}`),
    format: figures.count,
    xTitle: 'response time',
  });
}

function runCharts() {
  if (report.spectrum.length === 0) return null;
  const note = report.serviceTime
    ? 'Response time counts from the moment at which a call was to be sent, service time from when it was. Between the ' +
      'two is the dispatch delay, which is the load tester’s own.'
    : 'How long the fastest, the middle and the slowest of the calls took.';
  return element('div', {class: 'charts'},
    panel('Times by share of the calls', note, spectrum, true),
    panel('Histogram of response times', 'Ten bars of equal width up to p99, and one for the slower calls.',
      histogramChart, true));
}

const timeHeads = ['min', 'mean', 'std dev', 'p50', 'p75', 'p90', 'p99', 'p99.9', 'p99.99', 'p99.999', 'max'];
const timeFigures = ({min, mean, stddev, p50, p75, p90, p99, p999, p9999, p99999, max}) =>
  [min, mean, stddev, p50, p75, p90, p99, p999, p9999, p99999, max].map(figures.seconds);

// By method, when there are several.
function methodCards() {
  const methods = report.methodFigures;
  if (methods.length === 0) return [];
  const statuses = figuresOf => Object.entries(figuresOf.statuses).sort(([, a], [, b]) => b - a)
    .map(([status, count]) => `${status} ${figures.count(count)}`).join(', ');
  const known = ({calls, responseTime}, name) => (calls > 0 ? responseTime[name] : null);
  const times = ['p50', 'p90', 'p99', 'max'];
  const chart = () => barChart({
    series: ['p50', 'p90', 'p99'].map((label, i) => ({
      label, colour: seriesColour([0, 2, 1][i]), data: methods.map(method => known(method, label)),
    })),
    groups: methods.map(({name}) => name.split('/')),
    format: figures.seconds,
    xTitle: '',
  });
  const row = method => [method.name, figures.count(method.calls), figures.share(method.share),
    figures.figure(method.achievedRate), figures.count(method.errors),
    ...times.map(name => figures.seconds(known(method, name))), statuses(method)];
  return [
    card(element('h2', {}, 'Methods'),
      table(['method', 'calls', 'share', 'calls/s', 'errors', ...times, 'statuses'], methods.map(row))),
    methods.length <= 12 ? element('div', {class: 'charts'},
      panel('Response time by method', 'Percentiles of the calls of each method.', chart, true))
      : null,
  ];
}

function statusCard() {
  const statuses = Object.entries(report.statuses).sort(([, a], [, b]) => b - a);
  if (statuses.length === 0) return null;
  const row = ([status, count]) => {
    const {p50, p99, max} = report.statusTimes[status] ?? {};
    return [status, figures.count(count), ...[p50, p99, max].map(figures.seconds)];
  };
  return card(element('h2', {}, 'Status codes'), table(['status', 'calls', 'p50', 'p99', 'max'], statuses.map(row)));
}

function thresholdCard() {
  if (report.thresholds.length === 0) return null;
  return card(element('h2', {}, 'Thresholds'), table(['threshold', 'was', 'verdict'], report.thresholds.map(
    ({threshold, actualText, passed}) => [threshold, actualText, passed ? 'passed' : 'FAILED'])));
}

function runFigures() {
  const {server, client, idealShare, offeredRate, streams} = report;
  const busy = ({cpuMicrosPerCall, processorsUsed}) =>
    [...(cpuMicrosPerCall > 0 ? [`${figures.micros(cpuMicrosPerCall)} of processor per call`] : []),
      `${figures.figure(processorsUsed)} processors busy`];
  const switches = server?.contextSwitchesPerCall;
  return [
    ['calls', `${figures.count(report.calls)} in ${figures.seconds(report.durationSeconds)}`],
    ['rate', `${figures.figure(report.achievedRate)} calls/s` +
      (offeredRate === undefined ? '' : ` of ${figures.figure(offeredRate)} calls/s offered`) +
      (idealShare === undefined ? '' : `, ${figures.share(idealShare)} of the ideal`)],
    ['expected', report.expected.join(', ')],
    ['messages', streams && [
      streams.received > 0 && `${figures.count(streams.received)} received, ${figures.figure(streams.receivedRate)} a second`,
      streams.sent > 0 && `${figures.count(streams.sent)} sent, ${figures.figure(streams.sentRate)} a second`,
    ].filter(Boolean).join('; ')],
    ['not sent', report.notSent > 0 && `${quantity(report.notSent, 'call')}, with ` +
      `${figures.count(report.maxInFlight)} in flight`],
    ['at the end', report.inFlightAtEnd > 0 && `${figures.count(report.inFlightAtEnd)} in flight, ` +
      (report.unfinished > 0 ? `${figures.count(report.unfinished)} of them given up` : 'waited for')],
    ['server', server && [...busy(server), `peak ${quantity(server.peakThreads, 'thread')}`,
      `peak ${figures.bytes(server.peakRssBytes)}`,
      ...(switches === undefined ? [] : [`${figures.figure(switches)} switches per call`])].join(', ')],
    ['load tester', client && busy(client).join(', ')],
    ['connecting', report.connectSeconds > 0 && figures.seconds(report.connectSeconds)],
  ];
}

// Each with its connections when there are several.
function targets() {
  if (report.targets.length === 0) return report.target;
  return report.targets.map(({target, opened, standing}) =>
    `${target}: ${quantity(opened, 'connection')}${standing < opened ? `, ${standing} at the end` : ''}`).join(' · ');
}

function runPage() {
  const times = report.responseTime ?? {};
  const facts = {
    'calls/s': figures.figure(report.achievedRate),
    calls: figures.count(report.calls),
    p50: figures.seconds(times.p50),
    p99: figures.seconds(times.p99),
    errors: figures.count(report.errors),
  };
  return [
    heading('Load test: run', report.target, [
      ...report.methods, report.model && `model ${report.model}`, report.load,
      quantity(report.connections, 'connection'), figures.seconds(report.durationSeconds)]),
    ...notices(),
    report.aborted ? element('section', {class: 'card notice', role: 'alert'},
      element('strong', {}, `Aborted: ${report.aborted}`)) : null,
    element('div', {class: 'cards facts'}, ...Object.entries(facts).map(([name, figure]) =>
      card(element('div', {class: 'kicker'}, name), element('div', {class: 'big'}, figure)))),
    thresholdCard(),
    ...methodCards(),
    ...seriesCharts(),
    runCharts(),
    card(element('h2', {}, 'All figures'), definitions(runFigures()),
      table(['', ...timeHeads],
        [...timesOf(), ...streamTimesOf()].map(([name, summary]) => [name, ...timeFigures(summary)]))),
    statusCard(),
    errorCard([], [{name: [], groups: report.errorGroups}]),
    seriesCard(),
    configurationCard(report.settings),
    hostCard([['target', targets()], ['load', report.load], ['loops', figures.count(report.loops)],
      ['engine', report.engine]]),
  ];
}

if (!('cells' in report) && !('probes' in report)) show(runPage());
