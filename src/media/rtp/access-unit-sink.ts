/**
 * Where depacketizers put what they find: called once or a few times a packet, so nothing here is allocated, and `bytes`
 * are borrowed until the call returns.
 *
 * Order of calls: `beginAccessUnit (beginNal data* endNal)* endAccessUnit`, and so on. A NAL unit broken by loss gets no
 * `endNal`; its access unit ends with `intact` false and must not be recorded.
 */
export type AccessUnitSink = {
  /** `timestamp`: unwrapped RTP ticks of the video clock, 90 kHz; the presentation time. Units come in decoding order. */
  readonly beginAccessUnit: (timestamp: number) => void;
  /** `type` is `nal_unit_type`; `second` is the second header byte of H.265, -1 for H.264. Header bytes are not in `data`. */
  readonly beginNal: (type: number, first: number, second: number) => void;
  readonly data: (bytes: Uint8Array, start: number, end: number) => void;
  readonly endNal: () => void;
  readonly endAccessUnit: (intact: boolean) => void;
};

export type AudioSink = {
  /** One coded frame (AAC, Opus) or one packet of samples (G.711). `timestamp`: unwrapped ticks of the audio clock. */
  readonly frame: (timestamp: number, bytes: Uint8Array, start: number, end: number) => void;
};
