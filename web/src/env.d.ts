/** What the bundler adds to TypeScript. */
declare module '*.css';
declare module 'hls.js/light' {
  export * from 'hls.js';
  export { default } from 'hls.js';
}
