// The charts of the report, on Chart.js: what a chart looks like. What it shows is in report.js.
'use strict';

// Numbers as people read them. What is no number (absent, or the "NaN" of protobuf's JSON) becomes a dash.
const figures = (() => {
  const known = (value, format) => (typeof value === 'number' && Number.isFinite(value) ? format(value) : '–');
  const fixed = (value, decimals) =>
    value.toLocaleString('en-US', {minimumFractionDigits: decimals, maximumFractionDigits: decimals});
  const threeDigits = value => fixed(value, Math.abs(value) < 9.995 ? 2 : Math.abs(value) < 99.95 ? 1 : 0);
  const seconds = value => {
    if (value === 0) return '0 s';
    if (Math.abs(value) < 999.5e-6) return threeDigits(value * 1e6) + ' µs';
    return Math.abs(value) < 999.5e-3 ? threeDigits(value * 1e3) + ' ms' : threeDigits(value) + ' s';
  };
  const bytes = value => {
    const units = ['B', 'kB', 'MB', 'GB', 'TB'];
    let unit = 0;
    for (; Math.abs(value) >= 999.5 && unit + 1 < units.length; ++unit) value /= 1000;
    return fixed(value, unit > 0 && Math.abs(value) < 9.95 ? 1 : 0) + ' ' + units[unit];
  };
  const share = value => {
    const percent = value * 100;
    if (percent === 0) return '0 %';
    return Math.abs(percent) < 0.005 ? 'under 0.01 %' : fixed(percent, Math.abs(percent) < 0.995 ? 2 : 0) + ' %';
  };
  return {
    count: value => known(value, v => fixed(v, 0)),
    figure: value => known(value, threeDigits),
    micros: value => known(value, v => threeDigits(v) + ' µs'),
    seconds: value => known(value, seconds),
    bytes: value => known(value, bytes),
    share: value => known(value, share),
    // For an axis: no digits that say nothing.
    tick: format => value => format(value).replace(/(\.\d*?)0+(?=\D|$)/, '$1').replace(/\.(?=\D|$)/, ''),
  };
})();

const style = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
// The CSS variable of the colour of the model at `index`.
const seriesVariable = index => `--series-${index % 6}`;
const seriesColour = index => style(seriesVariable(index));

// Draws from the lowest to the highest round at each point of a line whose data have `low` and `high`.
const rangeOfRounds = {
  id: 'rangeOfRounds',
  afterDatasetsDraw(chart) {
    const {ctx, scales} = chart;
    chart.data.datasets.forEach((dataset, index) => {
      if (!chart.isDatasetVisible(index)) return;
      dataset.data.forEach(({x, low, high}) => {
        if (!(high > low)) return;
        const centre = scales.x.getPixelForValue(x);
        const [top, bottom] = [scales.y.getPixelForValue(high), scales.y.getPixelForValue(low)];
        ctx.save();
        ctx.strokeStyle = dataset.borderColor;
        ctx.lineWidth = 1.5;
        ctx.beginPath();
        for (const [x1, y1, x2, y2] of [
          [centre, top, centre, bottom], [centre - 5, top, centre + 5, top], [centre - 5, bottom, centre + 5, bottom],
        ]) {
          ctx.moveTo(x1, y1);
          ctx.lineTo(x2, y2);
        }
        ctx.stroke();
        ctx.restore();
      });
    });
  },
};

// Writes its figure over each bar, when there is room for all of them.
const figuresOverBars = {
  id: 'figuresOverBars',
  afterDatasetsDraw(chart, _, {format}) {
    const {ctx} = chart;
    ctx.save();
    ctx.font = `600 11px ${Chart.defaults.font.family}`;
    ctx.fillStyle = style('--ink');
    ctx.textAlign = 'center';
    const labels = chart.data.datasets.flatMap((dataset, index) => (chart.isDatasetVisible(index)
      ? chart.getDatasetMeta(index).data.map((bar, i) => ({bar, text: format(dataset.data[i])}))
        .filter((_, i) => dataset.data[i] !== null) : []));
    if (labels.every(({bar, text}) => ctx.measureText(text).width <= bar.width * 1.25)) {
      labels.forEach(({bar, text}) => ctx.fillText(text, bar.x, bar.y - 5));
    }
    ctx.restore();
  },
};

function axis(title, format, more) {
  return {
    title: {display: title !== '', text: title},
    grid: {color: style('--line'), borderColor: style('--line'), tickLength: 4},
    ticks: {callback: figures.tick(format), maxTicksLimit: 7},
    ...more,
  };
}

function legend(display, pointStyle) {
  const generateLabels = chart => Chart.defaults.plugins.legend.labels.generateLabels(chart)
    .map(item => ({...item, lineDash: chart.data.datasets[item.datasetIndex].borderDash, lineWidth: 2}));
  const labels = {usePointStyle: true, pointStyle, boxWidth: 28, padding: 14, generateLabels};
  return {display, position: 'bottom', labels};
}

// Points between the measured ones, so that a line is drawn as a power law: along the ideal where a server keeps up
// with it. On a logarithmic axis a straight line would pass above the ideal.
function withPointsBetween(data) {
  return data.flatMap((point, i) => {
    const next = data[i + 1];
    if (!next || !(point.y > 0) || !(next.y > 0)) return [point];
    const between = Array.from({length: 39}, (_, step) => (step + 1) / 40)
      .map(t => ({x: point.x * (next.x / point.x) ** t, y: point.y * (next.y / point.y) ** t, between: true}));
    return [point, ...between];
  });
}

// Lines over the levels, which stand on `levelAxis` and are told as `levelText` does. `series`: [{label, colour, dashed,
// faint, data: [{x, y, low, high}]}].
function lineChart({series, levels, levelAxis, levelText, format, yTitle, yMax, logarithmic}) {
  const [first, last] = [Math.min(...levels), Math.max(...levels)];
  return {
    type: 'line',
    plugins: [rangeOfRounds],
    data: {
      datasets: series.map(({label, colour, dashed, faint, data}) => ({
        label,
        data: withPointsBetween(data),
        borderColor: colour,
        backgroundColor: colour,
        pointBackgroundColor: dashed ? style('--card') : colour,
        pointBorderWidth: 2,
        borderWidth: faint ? 1.5 : 2.5,
        borderDash: dashed ? [6, 5] : [],
        pointRadius: ({raw}) => (faint || raw?.between ? 0 : 4),
        pointHitRadius: ({raw}) => (faint || raw?.between ? 0 : 20),
      })),
    },
    options: {
      interaction: {mode: 'point', intersect: true},
      plugins: {
        legend: legend(true, 'line'),
        tooltip: {
          callbacks: {
            title: items => levelText(items[0].parsed.x),
            label: ({dataset, raw}) => `${dataset.label}: ${format(raw.y)}` +
              (raw.high > raw.low ? ` (rounds ${format(raw.low)} to ${format(raw.high)})` : ''),
          },
        },
      },
      scales: {
        x: axis(levelAxis, figures.count, {
          type: 'logarithmic',
          min: first / 1.25,
          max: last * 1.25,
          afterBuildTicks: scale => { scale.ticks = levels.map(value => ({value})); },
        }),
        y: axis(yTitle, format, logarithmic ? {type: 'logarithmic'} : {beginAtZero: true, max: yMax}),
      },
    },
  };
}

// Points over the rate, in groups that each have a sign of their own, and lines where `line` says so. `series`: [{label,
// colour, line, hollow, data: [{x: calls a second, y}]}].
function rateChart({series, format, logarithmic, bound}) {
  const rates = series.flatMap(({data}) => data.map(({x}) => x));
  const end = Math.max(...rates) * 1.15;
  const start = Math.min(...rates) / 1.15;
  const datasets = series.map(({label, colour, line, hollow, data}) => ({
    label,
    data,
    showLine: line,
    borderColor: colour,
    backgroundColor: colour,
    pointBackgroundColor: hollow ? style('--card') : colour,
    pointBorderWidth: 2,
    borderWidth: 2,
    pointRadius: 4.5,
    pointHitRadius: 14,
  }));
  if (bound) {
    datasets.push({
      label: bound.label, data: [{x: start, y: bound.y}, {x: end, y: bound.y}], showLine: true, borderDash: [6, 5],
      borderColor: style('--muted'), borderWidth: 1.5, pointRadius: 0, pointHitRadius: 0,
    });
  }
  return {
    type: 'scatter',
    data: {datasets},
    options: {
      interaction: {mode: 'point', intersect: true},
      plugins: {
        legend: legend(true, 'circle'),
        tooltip: {
          callbacks: {
            title: items => `${figures.figure(items[0].parsed.x)} calls/s`,
            label: ({dataset, parsed}) => `${dataset.label}: ${format(parsed.y)}`,
          },
        },
      },
      scales: {
        x: axis('calls/s offered', figures.count, {type: 'logarithmic', min: start, max: end}),
        y: axis('', format, logarithmic ? {type: 'logarithmic'} : {beginAtZero: true}),
      },
    },
  };
}

// Bars in groups. `series`: [{label, colour, data: [number or null, one a group]}].
function barChart({series, groups, format, xTitle}) {
  return {
    type: 'bar',
    plugins: [figuresOverBars],
    data: {
      labels: groups,
      datasets: series.map(({label, colour, data}) => ({
        label, data, backgroundColor: colour, borderRadius: 3, maxBarThickness: 72, minBarLength: 2,
      })),
    },
    options: {
      layout: {padding: {top: 18}},
      plugins: {
        legend: legend(series.length > 1, 'rectRounded'),
        tooltip: {callbacks: {label: ({dataset, parsed}) => `${dataset.label}: ${format(parsed.y)}`}},
        figuresOverBars: {format},
      },
      scales: {
        x: {title: {display: xTitle !== '', text: xTitle}, grid: {display: false, borderColor: style('--line')}},
        y: axis('', format, {beginAtZero: true}),
      },
    },
  };
}

// Lines over the share of the calls, with as much room for each nine as for the one before it: a point at quantile q is
// drawn at 1 / (1 - q). `series`: [{label, colour, data: [{x: q, y}]}].
function spectrumChart({series, format, logarithmic}) {
  const place = quantile => 1 / (1 - quantile);
  // 1 - 1 / x has errors in its last digits, which would be shown.
  const share = x => Number((100 * (1 - 1 / x)).toPrecision(Math.max(2, Math.ceil(Math.log10(x)) + 1))) + ' %';
  const last = Math.max(10, ...series.flatMap(({data}) => data.map(({x}) => place(x))));
  const ticks = [1, 2, 10, 100, 1e3, 1e4, 1e5, 1e6].filter(x => x <= last * 1.01);
  return {
    type: 'line',
    data: {
      datasets: series.map(({label, colour, data}) => ({
        label,
        data: data.map(({x, y}) => ({x: place(x), y})),
        borderColor: colour,
        backgroundColor: colour,
        borderWidth: 2.5,
        pointRadius: 0,
        pointHitRadius: 12,
      })),
    },
    options: {
      interaction: {mode: 'index', intersect: false},
      plugins: {
        legend: legend(true, 'line'),
        tooltip: {
          callbacks: {
            title: items => `${share(items[0].parsed.x)} of the calls`,
            label: ({dataset, parsed}) => `${dataset.label}: up to ${format(parsed.y)}`,
          },
        },
      },
      scales: {
        x: axis('share of the calls', share, {
          type: 'logarithmic',
          min: 1,
          max: last,
          afterBuildTicks: scale => { scale.ticks = ticks.map(value => ({value})); },
        }),
        y: axis('', format, logarithmic ? {type: 'logarithmic'} : {beginAtZero: true}),
      },
    },
  };
}

// Draws `panels` ([{canvas, chart: () => configuration}]) and again when the colours change: they are read when drawn.
function drawCharts(panels) {
  let charts = [];
  const draw = () => {
    charts.forEach(chart => chart.destroy());
    Object.assign(Chart.defaults, {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      color: style('--muted'),
      borderColor: style('--line'),
    });
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    charts = panels.map(({canvas, chart}) => new Chart(canvas, chart()));
    // For who looks at the page with a program.
    charts.forEach(({canvas, data}) => {
      canvas.dataset.points = data.datasets.flatMap(set => set.data).filter(point => point?.y !== null).length;
    });
  };
  draw();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  matchMedia('print').addEventListener('change', draw);
}
