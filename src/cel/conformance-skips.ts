const LAST_WINS =
  'cel-go, and with it Kubernetes, takes any scalar as a key of a map literal, and of two equal ones the last';
const BEYOND_END = 'cel-go, and with it Kubernetes, answers -1 where the offset lies behind the end';

/**
 * Cases of the conformance data that are not run, each with the reason. Keys are `suite`, `suite/section` or whole
 * paths. Cases that need protobuf messages are left out before: Kubernetes' expressions meet none.
 */
export const CONFORMANCE_SKIPS: Readonly<Record<string, string>> = {
  'fields/qualified_identifier_resolution/map_key_float': LAST_WINS,
  'fields/qualified_identifier_resolution/map_value_repeat_key': LAST_WINS,
  'fields/qualified_identifier_resolution/map_value_repeat_key_heterogeneous': LAST_WINS,
  'string_ext/value_errors/indexof_out_of_range': BEYOND_END,
  'string_ext/value_errors/lastindexof_out_of_range': BEYOND_END,
  'type_deductions/legacy_nullable_types/null_assignable_to_abstract_parameter_candidate':
    "Kubernetes' cel-go deduces null for a list of an optional and null",
};
