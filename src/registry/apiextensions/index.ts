import type { Strategy } from '../strategy.ts';
import { customResourceDefinitions } from './customresourcedefinitions.ts';

/** The apiextensions.k8s.io group, by plural name. */
export const apiextensionsStrategies: Readonly<Record<string, Strategy>> = {
  customresourcedefinitions: customResourceDefinitions,
};
