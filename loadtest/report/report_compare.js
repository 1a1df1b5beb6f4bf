// The page of `loadtest compare`.
'use strict';

const settings = report.settings ?? {};
const cells = report.cells ?? [];
// Levels are calls in flight, or calls a second.
const byRate = (settings.rates ?? []).length > 0;
const levelOf = cell => cell.rate ?? cell.inFlight;
const levelText = level => (byRate ? `${figures.figure(level)} calls/s` : `${figures.count(level)} in flight`);
const levelAxis = byRate ? 'calls/s offered' : 'calls in flight';
const levels = [...new Set(cells.map(levelOf))].sort((a, b) => a - b);
const measured = new Set(cells.map(cell => cell.model));
// In the order of the settings, which is the order of the colours.
const models = [...new Set([...(settings.models ?? []), ...measured])].filter(model => measured.has(model));

const colourOf = model => seriesColour(models.indexOf(model));
const cellOf = (model, level) => cells.find(cell => cell.model === model && levelOf(cell) === level);
const ratesOf = (model, level) => report.rounds
  .filter(round => round.model === model && levelOf(round) === level).map(round => round.achievedRate);

function answer(comparison) {
  const {subject, baseline, sentence} = comparison;
  // At an offered rate it is the times that differ.
  const ratio = byRate ? comparison.p99Ratio : comparison.throughputRatio;
  const of = byRate ? 'the p99' : 'the calls';
  const big = () => {
    // As many decimals as the sentence has, and like it no difference where the printed interval holds 1.
    const decimals = ratio.median < 1.95 ? 2 : ratio.median < 9.95 ? 1 : 0;
    const [low, high] = [ratio.low, ratio.high].map(value => Number(value.toFixed(decimals)));
    const same = low <= 1 && high >= 1 && ratio.low !== ratio.high;
    return element('div', {class: same ? 'big muted' : 'big'}, `${ratio.median.toFixed(decimals)}× `,
      element('small', {}, `${of} of ${baseline}`));
  };
  const isBehind = byRate && [subject, baseline].some(model => cellOf(model, levelOf(comparison))?.behind);
  return card(element('div', {class: 'kicker'}, levelText(levelOf(comparison))),
    ratio?.median > 0 && !isBehind ? big() : null,
    element('p', {}, sentence || `${subject} against ${baseline}`));
}

// A line for each model. `value` picks the figure from a cell.
function linesOf(value, more = {}) {
  const points = model => levels.map(level => ({x: level, y: value(cellOf(model, level) ?? {})}))
    .filter(({y}) => typeof y === 'number');
  return models.map(model => ({label: model, colour: colourOf(model), data: points(model), ...more}));
}

function throughputChart() {
  const series = linesOf(cell => cell.achievedRate);
  for (const {label, data} of series) {
    for (const point of data) {
      const rates = ratesOf(label, point.x);
      if (rates.length > 1) Object.assign(point, {low: Math.min(...rates), high: Math.max(...rates)});
    }
  }
  const highest = Math.max(1, ...series.flatMap(({data}) => data.flatMap(({y, high}) => [y, high ?? y])));
  if (settings.meanWaitSeconds > 0 && !byRate) {
    const ends = [levels[0] / 1.25, levels[levels.length - 1] * 1.25];
    series.push({
      label: 'ideal: in flight ÷ mean wait', colour: style('--muted'), dashed: true, faint: true,
      data: ends.map(x => ({x, y: x / settings.meanWaitSeconds})),
    });
  }
  // The ideal leaves the picture at the top; to show all of it would press the servers down to the bottom.
  return lineChart({series, levels, levelAxis, levelText, format: figures.figure, yTitle: 'calls/s',
    yMax: niceMaximum(highest * 1.08)});
}

// The smallest of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten that is not under `value`.
function niceMaximum(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find(step => step * power >= value) * power;
}

function latencyChart() {
  const median = linesOf(cell => cell.responseTime?.p50);
  const tail = linesOf(cell => cell.responseTime?.p99, {dashed: true});
  const series = models.flatMap((model, i) =>
    [{...median[i], label: `${model} p50`}, {...tail[i], label: `${model} p99`}]);
  const values = series.flatMap(({data}) => data.map(({y}) => y)).filter(y => y > 0);
  const logarithmic = Math.max(...values) > 20 * Math.min(...values);
  return lineChart({series, levels, levelAxis, levelText, format: figures.seconds, yTitle: '', logarithmic});
}

// Makes a chart of bars, a group for each level. `value` picks the figure from the server usage of a cell.
function serverChart(value, format) {
  const data = model => levels.map(level => {
    const server = cellOf(model, level)?.server;
    return server ? value(server) : null;
  });
  return () => barChart({
    series: models.map(model => ({label: model, colour: colourOf(model), data: data(model)})),
    groups: levels.map(figures.count),
    format,
    xTitle: levelAxis,
  });
}

function serverCharts() {
  if (!cells.some(cell => cell.server)) return [];
  return [
    panel('Processor time per call', 'What the server spent on each call.',
      serverChart(server => server.cpuMicrosPerCall, figures.micros)),
    panel('Peak threads', 'The most threads the server had at one time.',
      serverChart(server => server.peakThreads, figures.count)),
    panel('Peak memory', 'The most resident memory of the server.',
      serverChart(server => server.peakRssBytes, figures.bytes)),
  ];
}

function charts() {
  const server = serverCharts();
  return element('div', {class: 'charts'},
    panel('Throughput', 'Successful calls a second, and the range from the lowest round to the highest.',
      throughputChart, true),
    panel('Response time', 'Median (solid) and 99th percentile (dashed, hollow).', latencyChart, server.length === 0),
    ...server);
}

function modelName(model) {
  const swatch = element('span', {class: 'swatch'});
  swatch.style.background = `var(${seriesVariable(models.indexOf(model))})`;
  return element('span', {title: model}, swatch, element('span', {class: 'name'}, model));
}

const cellHeads = ['of ideal', 'p50', 'p90', 'p99', 'p99.9', 'max', ...messageHeads, 'processor per call',
  'peak threads', 'peak memory', 'switches per call', 'errors'];

function cellFigures(cell) {
  const {p50, p90, p99, p999, max} = cell.responseTime ?? {};
  const server = cell.server ?? {};
  return [figures.share(cell.idealShare), ...[p50, p90, p99, p999, max].map(figures.seconds), ...messageFigures(cell),
    figures.micros(server.cpuMicrosPerCall), figures.count(server.peakThreads), figures.bytes(server.peakRssBytes),
    figures.figure(server.contextSwitchesPerCall), figures.count(cell.errors)];
}

// All ratios with their intervals.
function ratiosCard() {
  if (report.comparisons.length === 0) return null;
  const text = ratio => {
    if (!(ratio?.median > 0)) return '–';
    const number = value => value.toFixed(ratio.median < 1.95 ? 2 : ratio.median < 9.95 ? 1 : 0);
    return `${number(ratio.median)}×` + (ratio.low === ratio.high ? '' : ` [${number(ratio.low)}–${number(ratio.high)}]`);
  };
  const row = comparison => [modelName(comparison.baseline),
    ...[comparison.throughputRatio, comparison.p50Ratio, comparison.p90Ratio, comparison.p99Ratio,
      comparison.cpuPerCallRatio].map(text)];
  return card(element('h2', {}, 'Ratios'),
    element('p', {class: 'note'}, 'Of the medians over the rounds, with bootstrap intervals. One that holds 1 shows no ' +
      'difference.'),
    table([`${report.comparisons[0].subject} over`, 'calls/s', 'p50', 'p90', 'p99', 'processor per call'],
      levels.flatMap(level => [levelText(level),
        ...report.comparisons.filter(comparison => levelOf(comparison) === level).map(row)])));
}

function figuresCard() {
  const range = rates =>
    (rates.length > 1 ? `${figures.figure(Math.min(...rates))}–${figures.figure(Math.max(...rates))}` : '–');
  const row = cell => [modelName(cell.model), figures.figure(cell.achievedRate),
    range(ratesOf(cell.model, levelOf(cell))), ...cellFigures(cell)];
  return card(element('h2', {}, 'All figures'),
    element('p', {class: 'note'}, 'Medians over the rounds; peaks are the highest of any round.' +
      (settings.meanWaitSeconds > 0 ? ' The ideal is the calls in flight divided by the mean wait (Little’s law).' : '')),
    table(['model', 'calls/s', 'lowest to highest round', ...cellHeads], levels.flatMap(level =>
      [levelText(level), ...cells.filter(cell => levelOf(cell) === level).map(row)])));
}

function roundsCard() {
  if (report.rounds.length === 0) return null;
  const row = round => [modelName(round.model), figures.count(levelOf(round)), figures.count(round.round),
    figures.figure(round.achievedRate), ...cellFigures(round)];
  return element('details', {class: 'card'}, element('summary', {}, 'Every round'),
    table(['model', levelAxis, 'round', 'calls/s', ...cellHeads], report.rounds.map(row)));
}

function comparePage() {
  // Servers of other people have their own.
  const backend = settings.backend ? [`backend ${settings.backend}`] : [];
  const scenario = settings.scenario && settings.scenario !== 'waiting' ? [`scenario ${settings.scenario}`] : [];
  const rounds = `${quantity(settings.rounds, 'round')} of ${settings.measureSeconds} s`;
  return [
    heading('Load test: comparison', models.join(models.length === 2 ? ' against ' : ', '), [
      ...scenario, ...calls(settings), ...backend, quantity(settings.connections, 'connection'), rounds,
      settings.pinning]),
    ...notices(),
    report.comparisons.length > 0 ? element('div', {class: 'cards'}, ...report.comparisons.map(answer)) : null,
    ...(cells.length > 0 ? [charts(), ratiosCard(), figuresCard()] : [card('Nothing was measured.')]),
    errorCard(['model', levelAxis], cells.map(cell =>
      ({name: [modelName(cell.model), figures.count(levelOf(cell))], groups: cell.errorGroups}))),
    roundsCard(),
    configurationCard(settings.flags ?? []),
    hostCard([
      ['models', models.join(', ')],
      ['scenario', settings.scenario],
      ['calls', calls(settings).filter(item => item).join(', ')],
      ['backend', settings.backend],
      [levelAxis, levels.map(figures.count).join(', ')],
      ['arrival', settings.arrival],
      ['load', settings.load],
      ['before', (settings.beforeFiles ?? []).join(', ')],
      ['after', (settings.afterFiles ?? []).join(', ')],
      ['connections', figures.count(settings.connections)],
      ['rounds', `${rounds}, each after ${settings.warmupSeconds} s of warm-up`],
      ['payload', settings.payloadBytes > 0 && figures.bytes(settings.payloadBytes)],
      ['pinning', settings.pinning],
      ['engine', settings.engine]]),
  ];
}

if ('cells' in report) show(comparePage());
