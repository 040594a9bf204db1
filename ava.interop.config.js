/** Tests against real peers: Debian's RTSP servers, ffmpeg, kernel faults; two files at a time, one for each core of the smallest machine: they wait more than they work. */
export default {
  files: ['test/interop/**/*.test.ts'],
  extensions: ['ts'],
  timeout: '4m',
  concurrency: 2,
};
