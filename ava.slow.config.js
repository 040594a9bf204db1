/** Tests that need minutes or a quiet machine, and are not part of a full run: `ava --config ava.slow.config.js`. */
export default {
  files: ['test/slow/**/*.test.ts'],
  extensions: ['ts'],
  timeout: '6m',
  concurrency: 1,
};
