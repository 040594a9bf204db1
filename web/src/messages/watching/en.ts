/** How a failover server sees a server that it protects (product B5), in English. */
export const en = {
  'watch.unknown': 'Not heard yet',
  'watch.connected': 'Connected',
  'watch.started': 'Started',
  'watch.alive': 'Alive',
  'watch.suspected': 'Suspected',
  'watch.shut-down': 'Shut down',
  'watch.failed': 'Failed',
  'watch.taken-over': 'Taken over',
  'watch.returning': 'Returning',
  'watch.restoring': 'Restoring',
  'watch.disabled': 'Disabled',
};
