/** Samples of a camera's stream, and the packets lost between them. Pure. */
export type Sample = {
  readonly at: number;
  readonly bits: number | undefined;
  readonly frames: number | undefined;
  /** Packets since the recorder was started; less than before means that it was started anew. */
  readonly lost: number | undefined;
};

/** Packets lost a second, between one sample and the next. */
export const lossOf = (samples: readonly Sample[]): readonly (readonly [number, number | null])[] =>
  samples.map(({ at, lost }, index) => {
    const before = samples[index - 1];
    if (lost === undefined || before?.lost === undefined || at <= before.at) return [at, null];
    return [at, Math.max(0, lost - before.lost) / (at - before.at)];
  });
