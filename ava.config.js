/** Unit tests, side by side; what needs real processes, real peers or a browser has configurations of its own beside this one. */
export default {
  files: ['test/**/*.test.ts', '!test/{scenario,security,interop,browser,fixtures,support,lab}/**'],
  extensions: ['ts'],
  timeout: '2m',
};
