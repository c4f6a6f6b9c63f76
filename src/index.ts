export { ControlPlane } from './server/control-plane.ts';
