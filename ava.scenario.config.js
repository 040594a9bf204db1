/** Whole boxes as real processes, and hostile clients against them; two files at a time, one for each core of the smallest machine: they wait more than they work. */
export default {
  files: ['test/{scenario,security}/**/*.test.ts'],
  extensions: ['ts'],
  timeout: '4m',
  concurrency: 2,
};
