/** Tests against Debian's Chromium, on real processes; one file at a time, they are heavy and watch clocks. */
export default {
  files: ['test/browser/**/*.test.ts'],
  extensions: ['ts'],
  timeout: '4m',
  concurrency: 1,
};
