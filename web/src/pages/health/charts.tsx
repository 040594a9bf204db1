/** Bit rate, frame rate and lost packets of each camera from polling, drawn by uPlot, which loads only here. */
import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { reachable } from '../../api/client.ts';
import { healthApi } from '../../api/health.ts';
import type { SiteCamera } from '../../api/site.ts';
import { cameraById, cameras } from '../../app/stores.ts';
import { shownTheme } from '../../app/theme.ts';
import { t as word } from '../../messages/health/words.ts';
import { t } from '../../messages/messages.ts';
import { SelectField } from '../../ui/field.tsx';
import { bitrate, clockTime, decimal } from '../../ui/format.ts';
import type { openChart, Scale } from './draw-chart.ts';
import { lossOf, type Sample } from './loss.ts';

const EVERY_MS = 2000;
const MAX_SAMPLES = 900;
/** Kept while the UI is open, so that coming back shows the last half hour. */
const history = signal<ReadonlyMap<string, readonly Sample[]>>(new Map());
type Drawing = { readonly openChart: typeof openChart };

async function poll(serverId: string): Promise<void> {
  if (document.hidden || !reachable.peek() || serverId === '') return;
  const next = new Map(history.peek());
  for (const { id, streams } of await healthApi.cameras(serverId)) {
    const main = streams.find(({ stream }) => stream === 'main');
    const at = Date.now() / 1000;
    const sample = { at, bits: main?.bitsPerSecond, frames: main?.framesPerSecond, lost: main?.packetsLost };
    next.set(id, [...(next.get(id) ?? []), sample].slice(-MAX_SAMPLES));
  }
  history.value = next;
}

export function Charts({ serverId }: { readonly serverId: string }): VNode {
  const all = (cameras.value ?? []).filter((camera) => camera.server.id === serverId);
  const [chosen, setChosen] = useState('');
  const id = all.some((camera) => camera.id === chosen) ? chosen : (all[0]?.id ?? '');
  useEffect(() => {
    const run = (): void => void poll(serverId).catch(() => undefined);
    run();
    const timer = setInterval(run, EVERY_MS);
    return () => clearInterval(timer);
  }, [serverId]);
  if (cameras.value !== undefined && all.length === 0) return <p class="muted">{word('rates.none')}</p>;
  return (
    <section class="card" aria-labelledby="rates">
      <div class="card-head">
        <h2 id="rates">{t('health.rates')}</h2>
        <SelectField
          label={t('exports.camera')}
          hideLabel
          value={id}
          onChange={setChosen}
          options={all.map((camera) => [camera.id, camera.name] as const)}
        />
      </div>
      <Rates id={id} />
    </section>
  );
}

/** Three lines over the same time. */
function Rates({ id }: { readonly id: string }): VNode {
  const samples = history.value.get(id) ?? [];
  const last = samples.at(-1);
  const loss = lossOf(samples);
  const reconnects = mainOf(id)?.reconnects ?? 0;
  return (
    <>
      <div class="health-columns thirds">
        <Chart
          title={t('health.bitrate')}
          now={last?.bits === undefined ? '–' : bitrate(last.bits)}
          samples={samples.map(({ at, bits }) => [at, bits ?? null])}
          colour="--accent-text"
          scale={BITS}
        />
        <Chart
          title={t('health.frameRate')}
          now={last?.frames === undefined ? '–' : t('health.perSecond', { n: decimal(last.frames) })}
          samples={samples.map(({ at, frames }) => [at, frames ?? null])}
          colour="--good"
          scale={FRAMES}
        />
        <Chart
          title={word('rates.loss')}
          now={t('health.perSecond', { n: decimal(loss.at(-1)?.[1] ?? 0) })}
          samples={loss}
          colour="--warn"
          scale={LOSS}
        />
      </div>
      <p class="muted small">{word('rates.lossSince', { n: last?.lost ?? 0, reconnects })}</p>
    </>
  );
}

const mainOf = (id: string): SiteCamera['streams'][number] | undefined =>
  cameraById(id)?.streams.find(({ stream }) => stream === 'main');

type ChartProps = {
  readonly title: string;
  readonly now: string;
  readonly samples: readonly (readonly [number, number | null])[];
  readonly colour: string;
  readonly scale: Scale;
};
const time = (at: number): string => clockTime(at * 1000);
const BITS: Scale = { atLeast: 100_000, value: (bits) => (bits === 0 ? '0' : bitrate(bits)), time };
const FRAMES: Scale = { atLeast: 10, value: (frames) => decimal(frames), time };
const LOSS: Scale = { atLeast: 5, value: (lost) => decimal(lost), time };
/** What draws did not load: the network may be gone for a moment. */
const AGAIN_MS = 3000;
function Chart({ title, now, samples, colour, scale }: ChartProps): VNode {
  const box = useRef<HTMLDivElement>(null);
  const [drawing, setDrawing] = useState<Drawing>();
  const chart = useRef<ReturnType<Drawing['openChart']>>(null);
  const theme = shownTheme.value;
  useEffect(() => {
    let again: ReturnType<typeof setTimeout> | undefined;
    const load = (): void => {
      import('./draw-chart.ts').then(
        (module) => setDrawing(module),
        () => (again = setTimeout(load, AGAIN_MS)),
      );
    };
    load();
    return () => clearTimeout(again);
  }, []);
  useEffect(() => {
    if (drawing === undefined || box.current === null) return undefined;
    chart.current = drawing.openChart(box.current, colour, scale);
    return () => {
      chart.current?.close();
      chart.current = null;
    };
  }, [drawing, theme, colour, scale]);
  useEffect(() => chart.current?.show(samples));
  return (
    <figure>
      <figcaption class="row">
        <span class="muted grow">{title}</span>
        <span class="strong">{now}</span>
      </figcaption>
      <div class="chart" ref={box} role="img" aria-label={`${title}: ${now}`} />
    </figure>
  );
}
