/** Whole boxes as real processes, and hostile clients against them; one file at a time, they watch clocks. */
export default {
  files: ['test/{scenario,security}/**/*.test.ts'],
  extensions: ['ts'],
  timeout: '4m',
  concurrency: 1,
};
