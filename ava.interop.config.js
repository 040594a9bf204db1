/** Tests against real peers: Debian's RTSP servers, ffmpeg, kernel faults; few at a time, they are heavy. */
export default {
  files: ['test/interop/**/*.test.ts'],
  extensions: ['ts'],
  timeout: '4m',
  concurrency: 2,
};
