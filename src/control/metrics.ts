/** Prometheus metrics: read from the states when asked, nothing is counted twice. */
import { Gauge, Registry } from 'prom-client';
import type { LiveState } from './live-state.ts';
import type { StreamView } from './live-state.ts';

export type MetricsDeps = {
  readonly state: LiveState;
  readonly volumes: () => readonly { readonly id: string; readonly footageBytes: number }[];
  readonly mediaIsUp: () => boolean;
  readonly mediaRestarts: () => number;
  readonly memoryBytes: () => number | undefined;
};

export function createMetrics(deps: MetricsDeps): Registry {
  const registry = new Registry();
  const gauge = (name: string, help: string, value: () => number | undefined): void => {
    registry.registerMetric(
      new Gauge({
        name: `understudy_${name}`,
        help,
        registers: [],
        collect() {
          const now = value();
          if (now === undefined) this.reset();
          else this.set(now);
        },
      }),
    );
  };
  gauge('media_up', 'Whether the recording process answers.', () => (deps.mediaIsUp() ? 1 : 0));
  gauge('media_restarts', 'Restarts of the recording process since the service began.', deps.mediaRestarts);
  gauge('memory_bytes', 'Proportional set size of all processes.', deps.memoryBytes);
  gauge('media_loop_delay_p99_seconds', 'Event loop delay of the recording process.', () =>
    secondsOf(deps.state.loopDelayP99Ms()),
  );
  for (const [name, help, valueOf] of STREAM_GAUGES) addStreamGauge(registry, deps.state, { name, help, valueOf });
  addVolumeGauges(registry, deps);
  return registry;
}

const secondsOf = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);

type StreamValue = (view: StreamView) => number | undefined;
const STREAM_GAUGES: readonly (readonly [name: string, help: string, value: StreamValue])[] = [
  ['recording', 'Whether a stream is being recorded.', ({ state }) => (state.kind === 'recording' ? 1 : 0)],
  ['failed', 'Whether a stream has failed.', ({ state }) => (state.kind === 'failed' ? 1 : 0)],
  ['received_bytes', 'Bytes received since media began.', ({ stats }) => stats?.bytes],
  ['access_units', 'Access units received since media began.', ({ stats }) => stats?.accessUnits],
  ['lost_packets', 'RTP packets lost since media began.', ({ stats }) => stats?.packetsLost],
  ['reconnects', 'Reconnects since media began.', ({ stats }) => stats?.reconnects],
  ['viewers', 'Live viewers.', ({ stats }) => stats?.viewers],
  ['frames_per_second', 'Access units per second now.', ({ stats }) => stats?.framesPerSecond],
  ['bits_per_second', 'Bit rate now.', ({ stats }) => stats?.bitsPerSecond],
];

type StreamGauge = { readonly name: string; readonly help: string; readonly valueOf: StreamValue };
function addStreamGauge(registry: Registry, state: LiveState, { name, help, valueOf }: StreamGauge): void {
  registry.registerMetric(
    new Gauge({
      name: `understudy_stream_${name}`,
      help,
      labelNames: ['camera', 'stream'],
      registers: [],
      collect() {
        this.reset();
        for (const view of state.streams()) {
          const value = valueOf(view);
          if (value !== undefined) this.set({ camera: view.cameraId, stream: view.stream }, value);
        }
      },
    }),
  );
}

function addVolumeGauges(registry: Registry, { volumes, state }: MetricsDeps): void {
  registry.registerMetric(
    new Gauge({
      name: 'understudy_volume_free_bytes',
      help: 'Free space of a volume.',
      labelNames: ['volume'],
      registers: [],
      collect() {
        this.reset();
        for (const { id } of volumes()) {
          const view = state.volumeOf(id);
          if (view !== undefined) this.set({ volume: id }, view.state.freeBytes);
        }
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'understudy_volume_footage_bytes',
      help: 'Footage on a volume.',
      labelNames: ['volume'],
      registers: [],
      collect() {
        this.reset();
        for (const { id, footageBytes } of volumes()) this.set({ volume: id }, footageBytes);
      },
    }),
  );
}
