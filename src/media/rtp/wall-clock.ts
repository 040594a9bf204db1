/**
 * From RTP ticks to wall time, for one stream. The camera's clock counts if its sender reports (RFC 3550 §6.4.1) agree with
 * when packets arrive; otherwise arrival counts, smoothed: the packet that was least delayed lately tells the offset.
 *
 * Pure: wall and monotonic time of an arrival are passed in, milliseconds both.
 * Belongs here: the mapping. Does not: what a new run means for segments (recorder).
 *
 * Invariants:
 * 1. Within a run later ticks are never earlier wall time, equal ticks are equal wall time while no later ones were observed;
 *    counted from the first answer: until then the best estimate is taken at once, which is what a burst after PLAY needs.
 * 2. A step of the system clock or a jump of the timestamps begins a new run, and is told exactly once.
 */
export type WallClockPolicy = {
  /** Sender reports further from arrival than this are a camera whose clock is not set. */
  readonly maxSkew: number;
  /** Timestamps that run behind arrival by more than this, for good, have jumped. */
  readonly maxJump: number;
  /** Timestamps that are ahead of arrival by more than this at one stroke have jumped: nothing comes from the future. */
  readonly maxAhead: number;
  /** Timestamps may go back this far: B-frames are sent before what they are shown after. */
  readonly maxReorder: number;
  /** Wall against monotonic time differing by more than this is a step of the system clock. */
  readonly maxStep: number;
};

const WALL_CLOCK_POLICY: WallClockPolicy = {
  maxSkew: 2000,
  maxJump: 5000,
  maxAhead: 500,
  maxReorder: 1000,
  maxStep: 500,
};

export type Observation =
  | 'steady'
  /** The camera restarted or its clock was set: a new run begins with this access unit. */
  | 'timestamps-jumped'
  /** The clock of this box was set: a new run begins with this access unit. */
  | 'clock-stepped';

export type WallClock = {
  /** At the first packet of every access unit; `ticks` unwrapped. */
  readonly observe: (ticks: number, wall: number, monotonic: number) => Observation;
  /** `ticks`: the report's RTP timestamp unwrapped next to the stream's; `cameraWall`: the camera's time. */
  readonly senderReport: (ticks: number, cameraWall: number) => void;
  /** Wall milliseconds with fractions. Only after the first `observe`. */
  readonly wallOf: (ticks: number) => number;
  readonly source: () => 'sender-report' | 'arrival';
  /** How far the system clock moved at the last `clock-stepped`, milliseconds. */
  readonly lastStep: () => number;
};

/** The least delay is taken over two windows of this length, so that a clock that drifts is followed. */
const WINDOW_MS = 10_000;
/** 5 ms a second is below what a viewer notices and a hundred times the drift of a bad quartz. */
const SLEW = 0.005;
/** A long burst after PLAY puts the first estimate off by up to a key-frame interval: then faster, the further off the faster. */
const FAST_SLEW = 0.1;
const SLEW_WITHIN_MS = 5000;

// oxlint-disable-next-line max-lines-per-function -- one closure over the state of one mapping
export function createWallClock(clockRate: number, policy: WallClockPolicy = WALL_CLOCK_POLICY): WallClock {
  let started = false;
  /** Wall minus monotonic time in this run. */
  let base = 0;
  /** Wall minus media time, as answered. */
  let offset = 0;
  let latest = 0;
  let lastMonotonic = 0;
  let windowStart = 0;
  let least = 0;
  let leastBefore = 0;
  /** Of the last sender report; counts while it is sane. */
  let reported = Number.NaN;
  /** An answer was given that later ones must fit. */
  let asked = false;
  let step = 0;

  const mediaMs = (ticks: number): number => (ticks * 1000) / clockRate;
  const begin = (media: number, wall: number, monotonic: number, atLeast: number): void => {
    started = true;
    base = wall - monotonic;
    offset = Math.max(wall, atLeast) - media;
    latest = media;
    lastMonotonic = monotonic;
    windowStart = monotonic;
    least = wall - media;
    leastBefore = least;
    reported = Number.NaN;
  };
  const bestArrival = (): number => Math.min(least, leastBefore);
  const isReportSane = (): boolean => Math.abs(reported - bestArrival()) <= policy.maxSkew;
  const target = (): number => (isReportSane() ? reported : bestArrival());
  const jumped = (media: number, monotonic: number): boolean => {
    const advance = media - latest;
    if (advance < -policy.maxReorder) return true;
    const ahead = media + offset - (monotonic + base);
    if (Math.min(ahead, advance - (monotonic - lastMonotonic)) > policy.maxAhead) return true;
    return (
      Math.abs(monotonic + base - (media + offset)) > policy.maxJump && advance > 0 && fallenBehind(media, monotonic)
    );
  };
  /** Late packets of a network that stood still catch up; timestamps that stand still do not: the least delay shows which. */
  const fallenBehind = (media: number, monotonic: number): boolean =>
    Math.min(least, leastBefore, monotonic + base - media) - offset > policy.maxJump;
  const trackArrival = (media: number, monotonic: number): void => {
    const arrival = monotonic + base - media;
    if (monotonic - windowStart >= WINDOW_MS) {
      leastBefore = least;
      least = arrival;
      windowStart = monotonic;
    } else if (arrival < least) least = arrival;
  };
  const slew = (advance: number): void => {
    const difference = target() - offset;
    const most = advance * Math.min(FAST_SLEW, Math.max(SLEW, Math.abs(difference) / SLEW_WITHIN_MS));
    offset += asked ? Math.max(-most, Math.min(most, difference)) : difference;
  };

  return {
    observe: (ticks, wall, monotonic) => {
      const media = mediaMs(ticks);
      if (!started) {
        begin(media, wall, monotonic, wall);
        return 'steady';
      }
      const moved = wall - monotonic - base;
      if (Math.abs(moved) > policy.maxStep) {
        step = moved;
        begin(media, wall, monotonic, wall);
        return 'clock-stepped';
      }
      if (jumped(media, monotonic)) {
        begin(media, wall, monotonic, latest + offset);
        return 'timestamps-jumped';
      }
      trackArrival(media, monotonic);
      if (media > latest || !asked) slew(Math.max(0, media - latest));
      latest = Math.max(latest, media);
      lastMonotonic = monotonic;
      return 'steady';
    },
    senderReport: (ticks, cameraWall) => {
      if (!started) return;
      reported = cameraWall - mediaMs(ticks);
      if (!asked) slew(0);
    },
    wallOf: (ticks) => {
      asked = true;
      return mediaMs(ticks) + offset;
    },
    source: () => (isReportSane() ? 'sender-report' : 'arrival'),
    lastStep: () => step,
  };
}
