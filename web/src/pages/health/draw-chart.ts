/** uPlot with our colours: one line over time, as wide as its box. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export type OpenChart = {
  readonly show: (samples: readonly (readonly [number, number | null])[]) => void;
  readonly close: () => void;
};
const HEIGHT = 150;

export function openChart(box: HTMLElement, colourToken: string): OpenChart {
  const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: token('--muted'),
    grid: { stroke: token('--line'), width: 1 },
    ticks: { show: false },
    font: `11px ${token('--font')}`,
  };
  const chart = new uPlot(
    {
      width: Math.max(200, box.clientWidth),
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false },
      scales: {
        x: { range: (_self, _min, max) => [max - 300, max] },
        y: { range: (_self, _min, max) => [0, Math.max(1, max * 1.25)] },
      },
      axes: [axis, { ...axis, size: 36 }],
      series: [{}, { stroke: token(colourToken), width: 1.5, points: { show: false }, spanGaps: false }],
    },
    [[], []],
    box,
  );
  const resize = new ResizeObserver(() => chart.setSize({ width: Math.max(200, box.clientWidth), height: HEIGHT }));
  resize.observe(box);
  return {
    show: (samples) => {
      if (samples.length > 0) chart.setData([samples.map(([at]) => at), samples.map(([, value]) => value)]);
    },
    close: () => {
      resize.disconnect();
      chart.destroy();
    },
  };
}
