/** A settings file that could not be read and what was done about it: a health item `settings-recovered` and an event. */
export type Recovery = {
  readonly file: string;
  /** `previous`: the generation before is in use. `lost`: nothing readable was left, defaults are in use. */
  readonly outcome: 'previous' | 'lost';
  /** Where the bad file was put aside. */
  readonly quarantined: string | undefined;
  readonly message: string;
};
