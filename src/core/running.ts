/** Something started that can be stopped. Every service returns one. */
export type Running = {
  /** Resolves when nothing of it runs any more; never rejects; calling it twice does nothing more. */
  readonly stop: () => Promise<void>;
};
