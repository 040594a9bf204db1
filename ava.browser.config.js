/**
 * Tests against Debian's Chromium, on real processes; two files at a time, one for each core of the smallest machine: they wait for
 * footage, encoders and pages more than they work. What is measured is the median of frame times, which other work beside does not
 * move (16.7 ms with three busy loops on two cores). Files that record longest begin first.
 */
const LONGEST_FIRST = [
  'timeline-clicks',
  'journey',
  'pages',
  'owner-flows',
  'states',
  'flows',
  'hostile-text',
  'g711',
  'real-server',
];
const rank = (file) => {
  const at = LONGEST_FIRST.findIndex((name) => file.endsWith(`/${name}.test.ts`));
  return at < 0 ? LONGEST_FIRST.length : at;
};
export default {
  files: ['test/browser/**/*.test.ts'],
  extensions: ['ts'],
  timeout: '4m',
  concurrency: 2,
  sortTestFiles: (a, b) => rank(a) - rank(b),
};
