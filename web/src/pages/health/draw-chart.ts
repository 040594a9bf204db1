/** uPlot with our colours: one line over time, as wide as its box. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export type OpenChart = {
  readonly show: (samples: readonly (readonly [number, number | null])[]) => void;
  readonly close: () => void;
};
const HEIGHT = 150;

export type Scale = {
  /** What the axis reaches at least. */
  readonly atLeast: number;
  readonly value: (value: number) => string;
  /** `at` in seconds since 1970. */
  readonly time: (at: number) => string;
};

export function openChart(box: HTMLElement, colourToken: string, scale: Scale): OpenChart {
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
        y: { range: (_self, _min, max) => [0, Math.max(scale.atLeast, max * 1.25)] },
      },
      axes: [
        { ...axis, size: 28, space: 76, values: (_self, splits) => splits.map((at) => scale.time(at)) },
        { ...axis, size: 68, values: (_self, splits) => splits.map((value) => scale.value(value)) },
      ],
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
