// The page of `loadtest search`.
'use strict';

const verdictOf = ({held, cell}) => (held ? 'held' : cell.clientLimited ? 'load tester' : 'failed');

// The bound of a time among the objectives, such as `p99<100ms`: [the field that it is of, seconds]; none without one.
function boundOf(objective) {
  const parts = /^\s*(p50|p75|p90|p99|p99\.9|p99\.99|p99\.999|mean|max)\s*<=?\s*([\d.]+)(ns|us|ms|s|m)\s*$/.exec(objective);
  if (!parts) return null;
  const unit = {ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1, m: 60}[parts[3]];
  return {field: parts[1].replace('.', ''), name: parts[1], label: objective, y: Number(parts[2]) * unit};
}

// The time that the search is about.
const objective = (report.objectives ?? []).map(boundOf).find(bound => bound !== null) ?? {field: 'p99', name: 'p99'};

function latencyAgainstRate() {
  const probes = report.probes.filter(({cell}) => cell.responseTime);
  const points = (chosen, field) => chosen.map(({cell}) => ({x: cell.rate, y: cell.responseTime[field]}))
    .sort((a, b) => a.x - b.x);
  const [held, failed] = [true, false].map(wanted => probes.filter(probe => probe.held === wanted));
  const series = [
    {label: `${objective.name}, held`, colour: seriesColour(0), data: points(held, objective.field)},
    {label: `${objective.name}, failed`, colour: seriesColour(1), hollow: true, data: points(failed, objective.field)},
  ];
  if (objective.field !== 'p50') {
    series.push({label: 'p50', colour: seriesColour(2), line: true, data: points(probes, 'p50')});
  }
  const times = series.flatMap(({data}) => data.map(({y}) => y)).filter(y => y > 0);
  const logarithmic = times.length > 0 && Math.max(...times) > 20 * Math.min(...times);
  return rateChart({series: series.filter(({data}) => data.length > 0), format: figures.seconds, logarithmic,
    bound: objective.y > 0 ? objective : null});
}

function answeredShare() {
  const data = report.probes.filter(({cell}) => cell.offeredRate > 0)
    .map(({cell}) => ({x: cell.rate, y: cell.achievedRate / cell.offeredRate})).sort((a, b) => a.x - b.x);
  return rateChart({series: [{label: 'answered', colour: seriesColour(0), data}], format: figures.share,
    bound: {label: 'all', y: 1}});
}

function probesCard() {
  const heads = ['run', 'why', 'offered', 'answered', 'p50', 'p90', 'p99', 'p99.9', 'max', ...messageHeads, 'errors',
    'processor per call', 'verdict', element('th', {class: 'text', scope: 'col'}, 'reason')];
  const row = (probe, i) => {
    const {cell} = probe;
    const {p50, p90, p99, p999, max} = cell.responseTime ?? {};
    return [figures.count(i + 1), probe.stage, figures.figure(cell.rate), figures.figure(cell.achievedRate),
      ...[p50, p90, p99, p999, max].map(figures.seconds), ...messageFigures(cell), figures.count(cell.errors),
      figures.micros(cell.server?.cpuMicrosPerCall), verdictOf(probe),
      element('td', {class: 'text'}, probe.reason)];
  };
  return card(element('h2', {}, 'Every run'), table(heads, report.probes.map(row)));
}

function searchPage() {
  const facts = {
    'calls/s held': figures.figure(report.rate),
    'runs that confirm it': report.repeats > 0 ? `${report.held} of ${report.repeats}` : '–',
    'calls/s too much': figures.figure(report.lowestFailed),
    runs: figures.count(report.probes.length),
  };
  return [
    heading('Load test: search', report.target, [...calls(report), report.model && `model ${report.model}`,
      report.objectives.join(', '), quantity(report.connections, 'connection')]),
    ...notices(),
    card(element('p', {}, report.sentence)),
    element('div', {class: 'cards facts'}, ...Object.entries(facts).map(([name, figure]) =>
      card(element('div', {class: 'kicker'}, name), element('div', {class: 'big'}, figure)))),
    ...(report.probes.length > 0 ? [
      element('div', {class: 'charts'},
        panel('Response time against rate', 'A point for each run. Runs at which an objective did not hold are hollow.',
          latencyAgainstRate, true),
        panel('Share that was answered', 'Successful calls in the time of a run, of those that were due in it. Where it ' +
          'falls, the server does not keep up.', answeredShare, true)),
      probesCard()] : []),
    errorCard(['calls/s'], report.probes.map(({cell}) =>
      ({name: [figures.figure(cell.rate)], groups: cell.errorGroups}))),
    configurationCard(report.settings),
    hostCard([['target', report.target], ['arrival', report.arrival], ['engine', report.engine],
      ['loops', figures.count(report.loops)]]),
  ];
}

if ('probes' in report) show(searchPage());
