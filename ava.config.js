/** Unit and scenario tests; interop and browser tests need real peers and have configurations of their own beside this one. */
export default {
  files: ['test/**/*.test.ts', '!test/{interop,browser,fixtures,support,lab}/**'],
  extensions: ['ts'],
  timeout: '2m',
};
