/** Figures of the recording benchmark to a report: medians over rounds, ratios within rounds, each beside its target. Pure. */
export type Sample = {
  readonly label: string;
  readonly cpuMsPerCameraSecond: number;
  readonly pssMbPerCamera: number;
};
export type Check = {
  /** That another recording of the same source has. */
  readonly lostAccessUnits: number;
  /** Of these, how many the ledger does not tell of. */
  readonly unbookedAccessUnits: number;
  /** That no recording of their source has: the source left them out, or all lost them. */
  readonly inNoRecording: number;
  /** What the ledger says is missing between the first and the last picture of each recording: by cause, spans and seconds. */
  readonly booked: Readonly<Record<string, { readonly spans: number; readonly seconds: number }>>;
  readonly packetsLost: number;
  readonly accessUnits: number;
};
export type Round = Check & { readonly samples: readonly Sample[] };
export type Alone = Check & {
  readonly cameras: number;
  /** One a second: 99th percentile of event-loop delay of the media process above its timer. */
  readonly loopDelaysP99Ms: readonly number[];
  readonly cpuMsPerCameraSecond: number;
  readonly pssMbPerCamera: number;
};
export type Run = {
  readonly machine: string;
  readonly cameras: number;
  readonly warmSeconds: number;
  readonly windowSeconds: number;
  readonly rounds: readonly Round[];
  readonly alone: Alone | undefined;
};

type Ratio = { readonly what: string; readonly measured: number; readonly target: number };

export function reportOf(run: Run): { readonly markdown: string; readonly json: object } {
  const labels = run.rounds[0]?.samples.map(({ label }) => label) ?? [];
  const rows = labels.map((label) => {
    const of = (pick: (sample: Sample) => number): number =>
      medianOf(run.rounds.map((round) => pick(sampleOf(round, label))));
    return {
      label,
      cpu: of(cpuOf),
      pss: of(pssOf),
      toFfmpeg: ratio(run, label, 'ffmpeg', cpuOf),
      pssToFfmpeg: ratio(run, label, 'ffmpeg', pssOf),
    };
  });
  const ratios: readonly Ratio[] = [
    { what: 'CPU of the whole service to ffmpeg', measured: ratio(run, 'service', 'ffmpeg', cpuOf), target: 0.15 },
    { what: 'CPU of the media process to ffmpeg', measured: ratio(run, 'media', 'ffmpeg', cpuOf), target: 0.15 },
    { what: 'CPU of the media process to the floor', measured: ratio(run, 'media', 'floor', cpuOf), target: 1.5 },
    {
      what: 'memory (PSS) of the media process to ffmpeg',
      measured: ratio(run, 'media', 'ffmpeg', pssOf),
      target: 0.1,
    },
    {
      what: 'memory (PSS) of the whole service to ffmpeg',
      measured: ratio(run, 'service', 'ffmpeg', pssOf),
      target: 0.2,
    },
  ];
  const markdown = [
    '# Recording: what it costs',
    '',
    `\`./build.sh bench recording\`: ${run.cameras} cameras (1080p25 H.264, 4 Mbit/s, AAC) from GStreamer's RTSP server, all recorders at the same time on one core, ${run.rounds.length} rounds of ${run.windowSeconds} s after ${run.warmSeconds} s. Hashing, catalogue and ledger included. ${run.machine}.`,
    '',
    '| recorder | CPU ms per camera-second | x ffmpeg | PSS MB per camera | x ffmpeg |',
    '|---|---|---|---|---|',
    ...rows.map(
      ({ label, cpu, pss, toFfmpeg, pssToFfmpeg }) =>
        `| ${label} | ${cpu.toFixed(2)} | ${toFfmpeg.toFixed(3)} | ${pss.toFixed(2)} | ${pssToFfmpeg.toFixed(3)} |`,
    ),
    '',
    '| ratio (median of rounds) | measured | target |',
    '|---|---|---|',
    ...ratios.map(
      ({ what, measured, target }) =>
        `| ${what} | ${measured.toFixed(3)} | ${target} ${measured <= target ? 'met' : 'missed'} |`,
    ),
    '',
    lossLine(run.rounds),
    '',
    ...aloneLines(run.alone),
  ].join('\n');
  return { markdown, json: { ...run, ratios } };
}

function aloneLines(alone: Alone | undefined): readonly string[] {
  if (!alone) return [];
  const { cameras, loopDelaysP99Ms, cpuMsPerCameraSecond, pssMbPerCamera } = alone;
  const worst = Math.max(...loopDelaysP99Ms);
  return [
    `## ${cameras} cameras alone`,
    '',
    `Event-loop p99 above the timer, per second: median ${medianOf(loopDelaysP99Ms).toFixed(2)} ms, worst ${worst.toFixed(2)} ms (target 2 ms). CPU ${cpuMsPerCameraSecond.toFixed(2)} ms a camera-second, PSS ${pssMbPerCamera.toFixed(2)} MB a camera.`,
    '',
    lossLine([alone]),
    '',
  ];
}

function lossLine(checks: readonly Check[]): string {
  const sum = (pick: (check: Check) => number): number => checks.reduce((total, check) => total + pick(check), 0);
  const causes = [...new Set(checks.flatMap(({ booked }) => Object.keys(booked)))].map((cause) => {
    const seconds = sum(({ booked }) => booked[cause]?.seconds ?? 0);
    return `${cause} ${sum(({ booked }) => booked[cause]?.spans ?? 0)} times, ${seconds.toFixed(1)} s together`;
  });
  return [
    `Lost access units, those that another recording of the same source has: ${sum((check) => check.lostAccessUnits)} of ${sum((check) => check.accessUnits)}, not in the ledger: ${sum((check) => check.unbookedAccessUnits)}.`,
    `In no recording of their source: ${sum((check) => check.inNoRecording)}. Lost packets: ${sum((check) => check.packetsLost)}.`,
    `Missing by the ledger: ${causes.join('; ') || 'nothing'}.`,
  ].join(' ');
}

const cpuOf = (sample: Sample): number => sample.cpuMsPerCameraSecond;
const pssOf = (sample: Sample): number => sample.pssMbPerCamera;

function sampleOf(round: Round, label: string): Sample {
  const sample = round.samples.find((entry) => entry.label === label);
  if (!sample) throw new Error(`no sample of ${label}`);
  return sample;
}

function ratio(run: Run, label: string, to: string, pick: (sample: Sample) => number): number {
  return medianOf(run.rounds.map((round) => pick(sampleOf(round, label)) / pick(sampleOf(round, to))));
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}
