/** Tests against Debian's Chromium, on real processes; few at a time, they are heavy. */
export default {
  files: ['test/browser/**/*.test.ts'],
  extensions: ['ts'],
  timeout: '4m',
  concurrency: 2,
};
