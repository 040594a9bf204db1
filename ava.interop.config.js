/** Tests against real peers: Debian's RTSP servers, ffmpeg, kernel faults; one file at a time, they are heavy and watch clocks. */
export default {
  files: ['test/interop/**/*.test.ts'],
  extensions: ['ts'],
  timeout: '4m',
  concurrency: 1,
};
