// The charts of `loadtest run`: what happened over time, and how times depend on the load.
'use strict';

// A moment of a run: `7 s`, `2:05`, `1:00:00`.
function moment(seconds) {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  if (seconds < 120) return `${Number(seconds.toFixed(1))} s`;
  return parts.slice(parts[0] > 0 ? 0 : 1).map((part, i) => (i > 0 ? String(part).padStart(2, '0') : part)).join(':');
}

// Lines over the time of a run. `series`: [{label, colour, dashed, filled, value: point => number or undefined}]. A
// point stands in the middle of its stretch of time.
function timeChart({series, format, logarithmic, yTitle = ''}) {
  const points = report.timeSeries;
  const last = points[points.length - 1];
  const end = last.startSeconds + last.lengthSeconds;
  // Where 20 s were asked for it is 19.99 or 20.01 s; a tick there would crowd out others.
  const x = axis('', moment, {type: 'linear', min: 0, max: end > 3 ? Math.round(2 * end) / 2 : end});
  x.ticks.includeBounds = end > 3;
  const known = value => typeof value === 'number' && (!logarithmic || value > 0);
  return {
    type: 'line',
    data: {
      datasets: series.map(({label, colour, dashed, filled, value}) => ({
        label,
        data: points.map(point => ({
          x: point.startSeconds + point.lengthSeconds / 2, y: known(value(point)) ? value(point) : null,
        })),
        borderColor: colour,
        backgroundColor: filled ? `${colour}40` : colour,
        fill: filled ? 'origin' : false,
        borderWidth: 2,
        borderDash: dashed ? [6, 5] : [],
        pointBackgroundColor: colour,
        pointRadius: points.length > 60 ? 0 : 2,
        pointHitRadius: 12,
      })),
    },
    options: {
      interaction: {mode: 'index', intersect: false},
      plugins: {
        legend: legend(series.length > 1, 'line'),
        tooltip: {
          callbacks: {
            title: items => {
              const {startSeconds, lengthSeconds} = points[items[0].dataIndex];
              return `${moment(startSeconds)} to ${moment(startSeconds + lengthSeconds)}`;
            },
            label: ({dataset, parsed}) => `${dataset.label}: ${format(parsed.y)}`,
          },
        },
      },
      scales: {
        x,
        y: axis(yTitle, format, logarithmic ? {type: 'logarithmic'} : {beginAtZero: true}),
      },
    },
  };
}

// A dot for each point of the series: `x` and the values of `series` ([{label, colour, value}]) are picked from it.
function scatterChart({x, xTitle, series, format}) {
  return {
    type: 'scatter',
    data: {
      datasets: series.map(({label, colour, value}) => ({
        label,
        data: report.timeSeries.filter(point => typeof value(point) === 'number')
          .map(point => ({x: x(point), y: value(point), at: point.startSeconds})),
        borderColor: colour,
        backgroundColor: `${colour}99`,
        pointRadius: 3.5,
      })),
    },
    options: {
      plugins: {
        legend: legend(true, 'circle'),
        tooltip: {
          callbacks: {
            label: ({dataset, raw}) =>
              `${dataset.label} ${format(raw.y)} at ${figures.figure(raw.x)} ${xTitle}, ${moment(raw.at)}`,
          },
        },
      },
      scales: {
        x: axis(xTitle, figures.figure, {type: 'linear', grace: '5%'}),
        y: axis('', format, {beginAtZero: true}),
      },
    },
  };
}

const percentiles = () => [
  {label: 'p50', colour: seriesColour(0), value: point => point.p50},
  {label: 'p90', colour: seriesColour(2), value: point => point.p90},
  {label: 'p99', colour: seriesColour(1), value: point => point.p99},
  {label: 'max', colour: seriesColour(3), value: point => point.max},
];

function ratesChart() {
  const offered = {label: 'offered', colour: style('--muted'), dashed: true, value: point => point.offeredRate};
  const achieved = {label: 'achieved', colour: seriesColour(0), value: point => point.achievedRate};
  const isOpen = report.timeSeries.some(point => point.offeredRate !== undefined);
  return timeChart({series: isOpen ? [offered, achieved] : [achieved], format: figures.figure, yTitle: 'calls/s'});
}

function timesChart() {
  const times = report.timeSeries.flatMap(({p50, max}) => [p50, max]).filter(time => time > 0);
  const logarithmic = Math.max(...times) > 50 * Math.min(...times);
  return timeChart({series: percentiles(), format: figures.seconds, logarithmic});
}

function errorsChart() {
  const rate = (count, point) => count / point.lengthSeconds;
  const series = [{label: 'errors', colour: style('--bad'), filled: true, value: p => rate(p.errors, p)}];
  if (report.timeSeries.some(point => point.notSent > 0)) {
    series.push({label: 'not sent', colour: seriesColour(4), filled: true, value: p => rate(p.notSent, p)});
  }
  return timeChart({series, format: figures.figure, yTitle: 'calls/s'});
}

// A chart of one line.
const lineOf = (label, index, value, format) =>
  () => timeChart({series: [{label, colour: seriesColour(index), filled: true, value}], format});

const scatterOf = (x, xTitle) => () => scatterChart({
  x, xTitle, format: figures.seconds, series: percentiles().filter(({label}) => label === 'p50' || label === 'p99'),
});

// The charts over time; nothing without a time series.
function seriesCharts() {
  if (report.timeSeries.length === 0) return [];
  const server = report.timeSeries.some(point => point.server);
  return [
    element('div', {class: 'charts'},
      panel('Rate', 'Successful calls a second; with a schedule, also the calls a second that it set.', ratesChart, true),
      panel('Response time', 'Of the calls that ended in each second.', timesChart, true),
      panel('Errors', 'Calls a second that ended with another status than OK, or were not sent.', errorsChart),
      panel('In flight', 'Calls that were sent and had not ended.',
        lineOf('in flight', 0, point => point.inFlight, figures.count))),
    server ? element('div', {class: 'charts three'},
      panel('Server: processors', 'Busy on average.',
        lineOf('processors', 2, point => point.server?.processorsUsed, figures.figure)),
      panel('Server: memory', 'Resident.', lineOf('memory', 4, point => point.server?.rssBytes, figures.bytes)),
      panel('Server: threads', 'At each look.', lineOf('threads', 3, point => point.server?.threads, figures.count)))
      : null,
    element('div', {class: 'charts'},
      panel('Response time against calls in flight', 'A dot for each second.',
        scatterOf(point => point.inFlight, 'in flight')),
      panel('Response time against rate', 'A dot for each second.',
        scatterOf(point => point.achievedRate, 'calls/s'))),
  ];
}

function seriesCard() {
  if (report.timeSeries.length === 0) return null;
  const isOpen = report.timeSeries.some(point => point.offeredRate !== undefined);
  const heads = ['from', ...(isOpen ? ['offered'] : []), 'calls/s', 'in flight', 'p50', 'p90', 'p99', 'max', 'errors',
    'not sent', 'processors', 'memory', 'threads'];
  const row = point => [moment(point.startSeconds),
    ...(isOpen ? [figures.figure(point.offeredRate)] : []), figures.figure(point.achievedRate),
    figures.count(point.inFlight), ...[point.p50, point.p90, point.p99, point.max].map(figures.seconds),
    figures.count(point.errors), figures.count(point.notSent), figures.figure(point.server?.processorsUsed),
    figures.bytes(point.server?.rssBytes), figures.count(point.server?.threads)];
  return element('details', {class: 'card'}, element('summary', {}, 'Second by second'),
    table(heads, report.timeSeries.map(row)));
}
