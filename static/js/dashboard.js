// Draws the dashboard's charts with Chart.js 4 from JSON in the page. Without this file every chart still has its table and a
// sentence with its finding.
"use strict";

(() => {
  const style = getComputedStyle(document.documentElement);
  const known = new Map();
  // Read once: a second query after drawing would recompute the layout.
  const colour = (name) => {
    if (!known.has(name)) known.set(name, style.getPropertyValue(name).trim());
    return known.get(name);
  };
  // For axes only: every figure comes formatted from the server.
  const percent = (value) => `${value}%`;

  // Distinguishable without colour: by dash and marker.
  const LINES = [
    { colour: "--online", dash: [], marker: "rectRot" },
    { colour: "--second", dash: [6, 4], marker: "circle" },
    { colour: "--ink", dash: [2, 3], marker: "triangle" },
    { colour: "--postal", dash: [10, 3, 2, 3], marker: "rect" },
  ];
  const BARS = [
    { fill: "--direct", edge: "--direct-edge", ink: "--ink" },
    { fill: "--online", edge: "--online", ink: "--surface" },
    { fill: "--postal-bg", edge: "--postal", ink: "--ink" },
  ];

  const common = () => ({
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    normalized: true,
    plugins: {
      legend: { display: false },
      tooltip: {
        callbacks: {
          label: (item) => {
            const told = item.dataset.told[item.dataIndex];
            return ` ${item.dataset.label}: ${item.dataset.printed[item.dataIndex]} (${told})${item.dataset.hollow[item.dataIndex] ? ", chưa đủ" : ""}`;
          },
        },
      },
    },
  });

  const lastKnown = (data) => {
    for (let place = data.length - 1; place >= 0; place -= 1) if (data[place] !== null) return place;
    return -1;
  };

  const LABEL = `600 12px ${style.getPropertyValue("--font")}`;
  const labelWidth = (canvas, datasets) => {
    const ctx = canvas.getContext("2d");
    ctx.save();
    ctx.font = LABEL;
    const widths = datasets.map((line) => ctx.measureText(endLabel(line, lastKnown(line.data))).width);
    ctx.restore();
    return Math.max(0, ...widths);
  };
  const endLabel = (line, at) => (at < 0 ? "" : `${line.label} ${line.printed[at]}`);

  // Lines have their names at their ends instead of a legend.
  const endLabels = {
    id: "endLabels",
    afterDatasetsDraw(chart) {
      const { ctx } = chart;
      ctx.save();
      ctx.font = LABEL;
      ctx.textBaseline = "middle";
      let above = Infinity;
      const ends = chart.data.datasets
        .map((line, index) => ({ line, at: lastKnown(line.data), meta: chart.getDatasetMeta(index) }))
        .filter(({ at }) => at >= 0)
        .sort((a, b) => b.meta.data[b.at].y - a.meta.data[a.at].y);
      for (const { line, at, meta } of ends) {
        const point = meta.data[at];
        const y = Math.min(point.y, above - 15);
        above = y;
        ctx.fillStyle = line.borderColor;
        ctx.fillText(endLabel(line, at), point.x + 10, y);
      }
      ctx.restore();
    },
  };

  const barLabels = {
    id: "barLabels",
    afterDatasetsDraw(chart) {
      const { ctx } = chart;
      ctx.save();
      ctx.font = LABEL;
      ctx.textBaseline = "middle";
      chart.data.datasets.forEach((bars, index) => {
        chart.getDatasetMeta(index).data.forEach((bar, place) => {
          if (bars.data[place] === null || Math.abs(bar.x - bar.base) < 44) return;
          ctx.fillStyle = bars.ink;
          ctx.fillText(bars.printed[place], Math.min(bar.x, bar.base) + 6, bar.y);
        });
      });
      ctx.restore();
    },
  };

  function lines(canvas, data) {
    data.datasets.forEach((line, index) => {
      const look = LINES[index % LINES.length];
      const ink = colour(look.colour);
      Object.assign(line, {
        borderColor: ink,
        borderDash: look.dash,
        borderWidth: 2,
        pointStyle: look.marker,
        pointRadius: 4,
        pointHoverRadius: 6,
        pointBorderColor: ink,
        pointBorderWidth: 1.5,
        pointBackgroundColor: line.hollow.map((hollow) => (hollow ? colour("--surface") : ink)),
        spanGaps: false,
        tension: 0,
      });
    });
    const options = common();
    options.layout = { padding: { right: labelWidth(canvas, data.datasets) + 14, top: 8 } };
    options.interaction = { mode: "index", intersect: false };
    options.scales = {
      y: { beginAtZero: true, ticks: { maxTicksLimit: 5, callback: percent, color: colour("--ink-2") }, grid: { color: colour("--line") } },
      x: { grid: { display: false }, ticks: { color: colour("--ink-2"), maxRotation: 0, autoSkipPadding: 8 } },
    };
    return new Chart(canvas, { type: "line", data, options, plugins: [endLabels] });
  }

  function bars(canvas, data) {
    data.datasets.forEach((part, index) => {
      const look = BARS[index % BARS.length];
      Object.assign(part, {
        backgroundColor: colour(look.fill),
        borderColor: colour(look.edge),
        borderWidth: 1,
        ink: colour(look.ink),
        minBarLength: 3,
        barPercentage: 0.8,
      });
    });
    const options = common();
    options.indexAxis = "y";
    options.scales = {
      x: { stacked: true, min: 0, max: 100, ticks: { callback: percent, maxTicksLimit: 5, color: colour("--ink-2") }, grid: { color: colour("--line") } },
      y: { stacked: true, grid: { display: false }, ticks: { color: colour("--ink") } },
    };
    return new Chart(canvas, { type: "bar", data, options, plugins: [barLabels] });
  }

  function draw(box) {
    const data = JSON.parse(box.querySelector("script").textContent);
    (data.kind === "bars" ? bars : lines)(box.querySelector("canvas"), data);
    box.dataset.drawn = "1";
  }

  function open(box) {
    // Show the table where the chart cannot be drawn.
    const table = box.parentElement.querySelector("details.show");
    if (table) table.open = true;
    box.hidden = true;
  }

  const boxes = document.querySelectorAll(".chart");
  if (typeof Chart === "undefined") {
    boxes.forEach(open);
    return;
  }
  Chart.defaults.font.family = style.getPropertyValue("--font");
  Chart.defaults.font.size = 12;
  // Labels are measured, so load fonts first; a missing one falls back.
  const faces = [400, 600].map((weight) => document.fonts.load(`${weight} 12px ${Chart.defaults.font.family}`));
  Promise.allSettled(faces).then(() => {
    for (const box of boxes) {
      try {
        draw(box);
      } catch {
        open(box);
      }
    }
  });
})();
