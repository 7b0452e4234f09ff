/* SPDX-License-Identifier: Apache-2.0 */
/* Every body of func.def, by file.  kernel.h says how they are called; func.def says what they give. */
#ifndef BASE_KERNEL_BODIES_H
#define BASE_KERNEL_BODIES_H

#include "base/core/arena.h"
#include "base/data/type.h"

/* bit.c */
int64_t k_bit_and(int64_t a, int64_t b);
int64_t k_bit_not(int64_t value);
int64_t k_bit_or(int64_t a, int64_t b);
int64_t k_bit_xor(int64_t a, int64_t b);
int64_t k_div_bigint(int64_t a, int64_t b, Error **error);
void k_div_decimal(I128 *result, int32_t result_scale, const I128 *a, int32_t a_scale, const I128 *b, int32_t b_scale,
                   Error **error);
int64_t k_shift_left_bigint(int64_t value, int64_t count);
int64_t k_shift_left_integer(int64_t value, int64_t count);
int64_t k_shift_left_smallint(int64_t value, int64_t count);
int64_t k_shift_right_bigint(int64_t value, int64_t count);
int64_t k_shift_right_integer(int64_t value, int64_t count);
int64_t k_strtol(const Str *text, int64_t base, Error **error);
void k_to_hex_bigint(Arena *arena, Str *result, int64_t value);
void k_to_hex_integer(Arena *arena, Str *result, int64_t value);
int64_t k_width_bucket_decimal(const I128 *value, int32_t value_scale, const I128 *low, int32_t low_scale,
                               const I128 *high, int32_t high_scale, int64_t count, Error **error);
int64_t k_width_bucket_double(double value, double low, double high, int64_t count, Error **error);
/* binary.c */
void k_cast_bigint_varbyte(Arena *arena, Str *result, int64_t value, int32_t length, int32_t scale, int32_t mode,
                           Error **error);
void k_cast_integer_varbyte(Arena *arena, Str *result, int64_t value, int32_t length, int32_t scale, int32_t mode,
                            Error **error);
void k_cast_smallint_varbyte(Arena *arena, Str *result, int64_t value, int32_t length, int32_t scale, int32_t mode,
                             Error **error);
void k_cast_text_varbyte(Arena *arena, Str *result, const Str *text, int32_t length, int32_t scale, int32_t mode,
                         Error **error);
int64_t k_cast_varbyte_bigint(const Str *value, int32_t length, int32_t scale, int32_t mode, Error **error);
int64_t k_cast_varbyte_integer(const Str *value, int32_t length, int32_t scale, int32_t mode, Error **error);
int64_t k_cast_varbyte_smallint(const Str *value, int32_t length, int32_t scale, int32_t mode, Error **error);
void k_cast_varbyte_text(Arena *arena, Str *result, const Str *value, int32_t length, int32_t scale, int32_t mode,
                         Error **error);
void k_cast_varbyte_varbyte(Arena *arena, Str *result, const Str *value, int32_t length, int32_t scale, int32_t mode,
                            Error **error);
void k_concat_varbyte(Arena *arena, Str *result, const Str *a, const Str *b);
void k_from_hex(Arena *arena, Str *result, const Str *text, Error **error);
void k_from_varbyte(Arena *arena, Str *result, const Str *value, const Str *format, Error **error);
int64_t k_length_varbyte(const Str *value);
void k_to_hex_varbyte(Arena *arena, Str *result, const Str *value);
int64_t k_getbit(const Str *value, int64_t index, Error **error);
int64_t k_get_byte(const Str *value, int64_t index, Error **error);
void k_set_bit(Arena *arena, Str *result, const Str *value, int64_t index, int64_t bit, Error **error);
void k_set_byte(Arena *arena, Str *result, const Str *value, int64_t index, int64_t byte, Error **error);
void k_to_varbyte(Arena *arena, Str *result, const Str *text, const Str *format, Error **error);

/* json.c */
int64_t k_is_valid_json(const Str *text);
int64_t k_is_valid_json_array(const Str *text);
int64_t k_json_array_length(const Str *text, int64_t *null, Error **error);
int64_t k_json_array_length_lenient(const Str *text, int64_t null_if_invalid, int64_t *null, Error **error);
void k_json_element(Arena *arena, Str *result, const Str *text, int64_t index, int64_t *null, Error **error);
void k_json_element_lenient(Arena *arena, Str *result, const Str *text, int64_t index, int64_t null_if_invalid,
                            int64_t *null, Error **error);
void k_json_path_1(Arena *arena, Str *result, const Str *text, const Str *a, int64_t *null, Error **error);
void k_json_path_1_lenient(Arena *arena, Str *result, const Str *text, const Str *a, int64_t null_if_invalid,
                           int64_t *null, Error **error);
void k_json_path_2(Arena *arena, Str *result, const Str *text, const Str *a, const Str *b, int64_t *null,
                   Error **error);
void k_json_path_2_lenient(Arena *arena, Str *result, const Str *text, const Str *a, const Str *b,
                           int64_t null_if_invalid, int64_t *null, Error **error);
void k_json_path_3(Arena *arena, Str *result, const Str *text, const Str *a, const Str *b, const Str *c, int64_t *null,
                   Error **error);
void k_json_path_3_lenient(Arena *arena, Str *result, const Str *text, const Str *a, const Str *b, const Str *c,
                           int64_t null_if_invalid, int64_t *null, Error **error);
void k_json_path_4(Arena *arena, Str *result, const Str *text, const Str *a, const Str *b, const Str *c, const Str *d,
                   int64_t *null, Error **error);
void k_json_path_4_lenient(Arena *arena, Str *result, const Str *text, const Str *a, const Str *b, const Str *c,
                           const Str *d, int64_t null_if_invalid, int64_t *null, Error **error);
void k_json_path_5(Arena *arena, Str *result, const Str *text, const Str *a, const Str *b, const Str *c, const Str *d,
                   const Str *e, int64_t *null, Error **error);
void k_json_path_5_lenient(Arena *arena, Str *result, const Str *text, const Str *a, const Str *b, const Str *c,
                           const Str *d, const Str *e, int64_t null_if_invalid, int64_t *null, Error **error);

/* moment.c */
void k_age_date(Interval *result, int64_t date);
void k_age_dates(Interval *result, int64_t a, int64_t b);
void k_age_timestamp(Interval *result, int64_t timestamp);
void k_age_timestamps(Interval *result, int64_t a, int64_t b);
void k_age_timestamptz(Interval *result, int64_t timestamp);
void k_age_timestamptzs(Interval *result, int64_t a, int64_t b);
int64_t k_isfinite(int64_t value);
int64_t k_isfinite_interval(const Interval *interval);
void k_pg_sleep(Arena *arena, Str *result, double seconds, Error **error);
void k_timeofday(Arena *arena, Str *result);
int64_t k_date_cmp_timestamptz(int64_t date, int64_t timestamptz);
int64_t k_timestamp_cmp_timestamptz(int64_t timestamp, int64_t timestamptz);
int64_t k_timestamptz_cmp_date(int64_t timestamptz, int64_t date);
int64_t k_timestamptz_cmp_timestamp(int64_t timestamptz, int64_t timestamp);
int64_t k_cast_date_timestamptz(int64_t value, int32_t length, int32_t scale, int32_t mode);
void k_cast_interval_interval(Interval *result, const Interval *interval, int32_t length, int32_t precision,
                              int32_t mode);
int64_t k_cast_interval_time(const Interval *interval, int32_t length, int32_t scale, int32_t mode);
int64_t k_cast_text_time(const Str *text, int32_t length, int32_t scale, int32_t mode, Error **error);
int64_t k_cast_text_timestamptz(const Str *text, int32_t length, int32_t scale, int32_t mode, Error **error);
int64_t k_cast_text_timetz(const Str *text, int32_t length, int32_t scale, int32_t mode, Error **error);
void k_cast_time_interval(Interval *result, int64_t time, int32_t length, int32_t precision, int32_t mode);
void k_cast_time_text(Arena *arena, Str *result, int64_t value, int32_t length, int32_t scale, int32_t mode,
                      Error **error);
int64_t k_cast_time_timetz(int64_t value, int32_t length, int32_t scale, int32_t mode);
int64_t k_cast_timestamp_time(int64_t value, int32_t length, int32_t scale, int32_t mode);
int64_t k_cast_timestamp_timestamptz(int64_t value, int32_t length, int32_t scale, int32_t mode);
int64_t k_cast_timestamptz_date(int64_t value, int32_t length, int32_t scale, int32_t mode);
void k_cast_timestamptz_text(Arena *arena, Str *result, int64_t value, int32_t length, int32_t scale, int32_t mode,
                             Error **error);
int64_t k_cast_timestamptz_time(int64_t value, int32_t length, int32_t scale, int32_t mode);
int64_t k_cast_timestamptz_timestamp(int64_t value, int32_t length, int32_t scale, int32_t mode);
int64_t k_cast_timestamptz_timetz(int64_t value, int32_t length, int32_t scale, int32_t mode);
void k_cast_timetz_text(Arena *arena, Str *result, int64_t value, int32_t length, int32_t scale, int32_t mode,
                        Error **error);
int64_t k_cast_timetz_time(int64_t value, int32_t length, int32_t scale, int32_t mode);
int64_t k_convert_timezone(const Str *to, int64_t timestamp, Error **error);
int64_t k_convert_timezone_from(const Str *from, const Str *to, int64_t timestamp, Error **error);
int64_t k_date_add_time(int64_t date, int64_t time);
int64_t k_date_add_timetz(int64_t date, int64_t timetz);
double k_date_part_time(int64_t part, int64_t time);
double k_date_part_timestamptz(int64_t part, int64_t timestamp);
double k_date_part_timetz(int64_t part, int64_t timetz);
int64_t k_date_trunc_timestamptz(int64_t part, int64_t timestamp, Error **error);
int64_t k_dateadd_timestamptz(int64_t part, int64_t count, int64_t timestamp, Error **error);
int64_t k_extract_time(int64_t part, int64_t time);
int64_t k_extract_timestamptz(int64_t part, int64_t timestamp);
int64_t k_extract_timetz(int64_t part, int64_t timetz);
int64_t k_interval_add_time(const Interval *interval, int64_t time);
int64_t k_interval_add_timestamptz(const Interval *interval, int64_t timestamp, Error **error);
int64_t k_interval_add_timetz(const Interval *interval, int64_t timetz);
void k_justify_days(Interval *result, const Interval *interval, Error **error);
void k_justify_hours(Interval *result, const Interval *interval, Error **error);
void k_justify_interval(Interval *result, const Interval *interval, Error **error);
int64_t k_time_add_date(int64_t time, int64_t date);
int64_t k_time_add_interval(int64_t time, const Interval *interval);
int64_t k_time_sub_interval(int64_t time, const Interval *interval);
void k_time_sub_time(Interval *result, int64_t a, int64_t b);
int64_t k_timestamptz_add_interval(int64_t timestamp, const Interval *interval, Error **error);
int64_t k_timestamptz_sub_interval(int64_t timestamp, const Interval *interval, Error **error);
int64_t k_timetz_add_date(int64_t timetz, int64_t date);
int64_t k_timetz_add_interval(int64_t timetz, const Interval *interval);
int64_t k_timetz_sub_interval(int64_t timetz, const Interval *interval);
int64_t k_timezone_timestamp(const Str *zone, int64_t timestamp, Error **error);
int64_t k_timezone_timestamptz(const Str *zone, int64_t timestamp, Error **error);
int64_t k_timezone_timetz(const Str *name, int64_t timetz, Error **error);

/* cast.c */
int64_t k_cast_boolean_integer(int64_t value, int32_t length, int32_t scale, int32_t mode);
void k_cast_boolean_text(Arena *arena, Str *result, int64_t value, int32_t length, int32_t scale, int32_t mode,
                         Error **error);
void k_cast_date_text(Arena *arena, Str *result, int64_t date, int32_t length, int32_t scale, int32_t mode,
                      Error **error);
int64_t k_cast_date_timestamp(int64_t date, int32_t length, int32_t scale, int32_t mode, Error **error);
int64_t k_cast_decimal_bigint(const I128 *value, int32_t value_scale, int32_t length, int32_t scale, int32_t mode,
                              Error **error);
void k_cast_decimal_decimal(I128 *result, int32_t result_scale, const I128 *value, int32_t value_scale,
                            int32_t precision, int32_t scale, int32_t mode, Error **error);
double k_cast_decimal_double(const I128 *value, int32_t value_scale, int32_t length, int32_t scale, int32_t mode);
int64_t k_cast_decimal_integer(const I128 *value, int32_t value_scale, int32_t length, int32_t scale, int32_t mode,
                               Error **error);
double k_cast_decimal_real(const I128 *value, int32_t value_scale, int32_t length, int32_t scale, int32_t mode);
int64_t k_cast_decimal_smallint(const I128 *value, int32_t value_scale, int32_t length, int32_t scale, int32_t mode,
                                Error **error);
void k_cast_decimal_text(Arena *arena, Str *result, const I128 *value, int32_t value_scale, int32_t length,
                         int32_t scale, int32_t mode, Error **error);
int64_t k_cast_double_bigint(double value, int32_t length, int32_t scale, int32_t mode, Error **error);
void k_cast_double_decimal(I128 *result, int32_t result_scale, double value, int32_t precision, int32_t scale,
                           int32_t mode, Error **error);
int64_t k_cast_double_integer(double value, int32_t length, int32_t scale, int32_t mode, Error **error);
double k_cast_double_real(double value, int32_t length, int32_t scale, int32_t mode, Error **error);
int64_t k_cast_double_smallint(double value, int32_t length, int32_t scale, int32_t mode, Error **error);
void k_cast_double_text(Arena *arena, Str *result, double value, int32_t length, int32_t scale, int32_t mode,
                        Error **error);
int64_t k_cast_integer_boolean(int64_t value, int32_t length, int32_t scale, int32_t mode);
void k_cast_integer_decimal(I128 *result, int32_t result_scale, int64_t value, int32_t precision, int32_t scale,
                            int32_t mode, Error **error);
double k_cast_integer_double(int64_t value, int32_t length, int32_t scale, int32_t mode);
int64_t k_cast_integer_integer(int64_t value, int32_t length, int32_t scale, int32_t mode, Error **error);
double k_cast_integer_real(int64_t value, int32_t length, int32_t scale, int32_t mode);
int64_t k_cast_integer_smallint(int64_t value, int32_t length, int32_t scale, int32_t mode, Error **error);
void k_cast_integer_text(Arena *arena, Str *result, int64_t value, int32_t length, int32_t scale, int32_t mode,
                         Error **error);
void k_cast_interval_text(Arena *arena, Str *result, const Interval *interval, int32_t length, int32_t scale,
                          int32_t mode, Error **error);
void k_cast_real_text(Arena *arena, Str *result, double value, int32_t length, int32_t scale, int32_t mode,
                      Error **error);
int64_t k_cast_text_bigint(const Str *text, int32_t length, int32_t scale, int32_t mode, Error **error);
int64_t k_cast_text_boolean(const Str *text, int32_t length, int32_t scale, int32_t mode, Error **error);
void k_cast_text_char(Arena *arena, Str *result, const Str *text, int32_t length, int32_t scale, int32_t mode,
                      Error **error);
int64_t k_cast_text_date(const Str *text, int32_t length, int32_t scale, int32_t mode, Error **error);
void k_cast_text_decimal(I128 *result, int32_t result_scale, const Str *text, int32_t precision, int32_t scale,
                         int32_t mode, Error **error);
double k_cast_text_double(const Str *text, int32_t length, int32_t scale, int32_t mode, Error **error);
int64_t k_cast_text_integer(const Str *text, int32_t length, int32_t scale, int32_t mode, Error **error);
void k_cast_text_interval(Interval *result, const Str *text, int32_t length, int32_t scale, int32_t mode,
                          Error **error);
double k_cast_text_real(const Str *text, int32_t length, int32_t scale, int32_t mode, Error **error);
int64_t k_cast_text_smallint(const Str *text, int32_t length, int32_t scale, int32_t mode, Error **error);
int64_t k_cast_text_timestamp(const Str *text, int32_t length, int32_t scale, int32_t mode, Error **error);
void k_cast_text_varchar(Arena *arena, Str *result, const Str *text, int32_t length, int32_t scale, int32_t mode,
                         Error **error);
int64_t k_cast_timestamp_date(int64_t timestamp, int32_t length, int32_t scale, int32_t mode);
void k_cast_timestamp_text(Arena *arena, Str *result, int64_t timestamp, int32_t length, int32_t scale, int32_t mode,
                           Error **error);

/* date.c */
int64_t k_add_months(int64_t timestamp, int64_t months, Error **error);
int64_t k_date_add_days(int64_t date, int64_t days, Error **error);
int64_t k_date_add_interval(int64_t date, const Interval *interval, Error **error);
int64_t k_date_cmp(int64_t a, int64_t b);
int64_t k_date_cmp_timestamp(int64_t date, int64_t timestamp);
double k_date_part(int64_t part, int64_t timestamp);
double k_date_part_date(int64_t part, int64_t date);
double k_date_part_interval(int64_t part, const Interval *interval);
int64_t k_date_part_year(int64_t date);
int64_t k_date_sub_date(int64_t a, int64_t b);
int64_t k_date_sub_days(int64_t date, int64_t days, Error **error);
int64_t k_date_sub_interval(int64_t date, const Interval *interval, Error **error);
int64_t k_date_trunc(int64_t part, int64_t timestamp, Error **error);
int64_t k_dateadd(int64_t part, int64_t count, int64_t timestamp, Error **error);
int64_t k_datediff(int64_t part, int64_t from, int64_t to, Error **error);
int64_t k_days_add_date(int64_t days, int64_t date, Error **error);
void k_double_mul_interval(Interval *result, double factor, const Interval *interval, Error **error);
int64_t k_extract(int64_t part, int64_t timestamp);
int64_t k_extract_date(int64_t part, int64_t date);
int64_t k_extract_interval(int64_t part, const Interval *interval);
void k_interval_add(Interval *result, const Interval *a, const Interval *b, Error **error);
int64_t k_interval_add_date(const Interval *interval, int64_t date, Error **error);
int64_t k_interval_add_timestamp(const Interval *interval, int64_t timestamp, Error **error);
int64_t k_interval_cmp(const Interval *a, const Interval *b);
int64_t k_interval_days(const Interval *interval);
void k_interval_div(Interval *result, const Interval *interval, double divisor, Error **error);
int64_t k_interval_months(const Interval *interval);
void k_interval_mul(Interval *result, const Interval *interval, double factor, Error **error);
void k_interval_neg(Interval *result, const Interval *interval, Error **error);
/* 22008 if a field does not fit. us is whole: its scale is 0. */
void k_interval_of(Interval *result, int64_t months, int64_t days, const I128 *us, int32_t scale, Error **error);
void k_interval_sub(Interval *result, const Interval *a, const Interval *b, Error **error);
int64_t k_interval_us(const Interval *interval);
int64_t k_last_day(int64_t timestamp);
double k_months_between(int64_t a, int64_t b);
int64_t k_next_day(int64_t timestamp, const Str *name, Error **error);
int64_t k_array_count(const Str *array);
void k_array_element(Arena *arena, Str *result, const Str *array, int64_t number, int64_t *null);
int64_t k_series_count_bigint(int64_t start, int64_t stop, int64_t step, Error **error);
int64_t k_series_count_decimal(const I128 *start, int32_t start_scale, const I128 *stop, int32_t stop_scale,
                               const I128 *step, int32_t step_scale, Error **error);
int64_t k_series_count_timestamp(int64_t start, int64_t stop, const Interval *step, Error **error);
int64_t k_series_count_timestamptz(int64_t start, int64_t stop, const Interval *step, Error **error);
void k_series_value_decimal(I128 *result, int32_t scale, const I128 *start, int32_t start_scale, const I128 *step,
                            int32_t step_scale, int64_t k);
int64_t k_series_value_timestamp(int64_t start, const Interval *step, int64_t k, Error **error);
int64_t k_series_value_timestamptz(int64_t start, const Interval *step, int64_t k, Error **error);
int64_t k_timestamp_add_interval(int64_t timestamp, const Interval *interval, Error **error);
int64_t k_timestamp_cmp_date(int64_t timestamp, int64_t date);
int64_t k_timestamp_sub_interval(int64_t timestamp, const Interval *interval, Error **error);
void k_timestamp_sub_timestamp(Interval *result, int64_t a, int64_t b);
int64_t k_trunc_timestamp(int64_t timestamp);

/* date_from_text.c */
int64_t k_to_date(const Str *text, const Str *picture, Error **error);
int64_t k_to_date_strict(const Str *text, const Str *picture, int64_t strict, Error **error);
int64_t k_to_timestamp(const Str *text, const Str *picture, Error **error);
int64_t k_to_timestamp_strict(const Str *text, const Str *picture, int64_t strict, Error **error);

/* date_to_char.c */
void k_to_char_date(Arena *arena, Str *result, int64_t date, const Str *picture);
void k_to_char_interval(Arena *arena, Str *result, const Interval *interval, const Str *picture, Error **error);
void k_to_char_timestamp(Arena *arena, Str *result, int64_t timestamp, const Str *picture);
void k_to_char_timestamptz(Arena *arena, Str *result, int64_t timestamp, const Str *picture);

/* digest.c */
int64_t k_checksum_bigint(int64_t value);
int64_t k_checksum_decimal(const I128 *value, int32_t scale);
int64_t k_checksum_text(const Str *text);
void k_crc32(Arena *arena, Str *result, const Str *text);
int64_t k_fnv_bigint(int64_t value);
int64_t k_fnv_bigint_seed(int64_t value, int64_t seed);
int64_t k_fnv_boolean(int64_t value);
int64_t k_fnv_boolean_seed(int64_t value, int64_t seed);
int64_t k_fnv_decimal(const I128 *value, int32_t scale);
int64_t k_fnv_decimal_seed(const I128 *value, int32_t scale, int64_t seed);
int64_t k_fnv_double(double value);
int64_t k_fnv_double_seed(double value, int64_t seed);
int64_t k_fnv_integer(int64_t value);
int64_t k_fnv_integer_seed(int64_t value, int64_t seed);
int64_t k_fnv_real(double value);
int64_t k_fnv_real_seed(double value, int64_t seed);
int64_t k_fnv_smallint(int64_t value);
int64_t k_fnv_smallint_seed(int64_t value, int64_t seed);
int64_t k_fnv_text(const Str *text);
int64_t k_fnv_text_seed(const Str *text, int64_t seed);
void k_md5(Arena *arena, Str *result, const Str *text, Error **error);
int64_t k_murmur_bigint(int64_t value);
int64_t k_murmur_bigint_seed(int64_t value, int64_t seed);
int64_t k_murmur_date(int64_t date);
int64_t k_murmur_date_seed(int64_t date, int64_t seed);
int64_t k_murmur_decimal(const I128 *value, int32_t scale);
int64_t k_murmur_decimal_seed(const I128 *value, int32_t scale, int64_t seed);
int64_t k_murmur_double(double value);
int64_t k_murmur_double_seed(double value, int64_t seed);
int64_t k_murmur_text(const Str *text);
int64_t k_murmur_text_seed(const Str *text, int64_t seed);
int64_t k_murmur_timestamp(int64_t timestamp);
int64_t k_murmur_timestamp_seed(int64_t timestamp, int64_t seed);
void k_sha1(Arena *arena, Str *result, const Str *text, Error **error);
void k_sha2(Arena *arena, Str *result, const Str *text, int64_t bits, Error **error);
int64_t k_xxhash64(const Str *text);
int64_t k_xxhash64_seed(const Str *text, int64_t seed);

/* farm.c */
int64_t k_farm64(const Str *text);

/* format_number.c */
void k_to_char_bigint(Arena *arena, Str *result, int64_t value, const Str *picture, Error **error);
void k_to_char_decimal(Arena *arena, Str *result, const I128 *value, int32_t scale, const Str *picture, Error **error);
void k_to_char_double(Arena *arena, Str *result, double value, const Str *picture, Error **error);
void k_to_number(I128 *result, int32_t result_scale, const Str *text, const Str *picture, Error **error);

/* like.c */
int64_t k_ilike(const Str *text, const Str *pattern, Error **error);
int64_t k_like(const Str *text, const Str *pattern, Error **error);
void k_like_escape(Arena *arena, Str *result, const Str *pattern, const Str *escape, Error **error);
int64_t k_not_ilike(const Str *text, const Str *pattern, Error **error);
int64_t k_not_like(const Str *text, const Str *pattern, Error **error);

/* num.c */
int64_t k_abs_bigint(int64_t value, Error **error);
void k_abs_decimal(I128 *result, int32_t result_scale, const I128 *value, int32_t scale);
double k_abs_double(double value);
int64_t k_abs_integer(int64_t value, Error **error);
int64_t k_abs_smallint(int64_t value, Error **error);
double k_acos(double value, Error **error);
double k_asin(double value, Error **error);
double k_atan(double value);
double k_atan2(double y, double x);
double k_cbrt(double value);
void k_ceil_decimal(I128 *result, int32_t result_scale, const I128 *value, int32_t scale);
double k_ceil_double(double value);
double k_cos(double value);
double k_cot(double value);
double k_degrees(double value);
double k_exp(double value, Error **error);
void k_floor_decimal(I128 *result, int32_t result_scale, const I128 *value, int32_t scale);
double k_floor_double(double value);
double k_ln(double value, Error **error);
double k_log(double value, Error **error);
int64_t k_mod_bigint(int64_t a, int64_t b, Error **error);
void k_mod_decimal(I128 *result, int32_t result_scale, const I128 *a, int32_t a_scale, const I128 *b, int32_t b_scale,
                   Error **error);
double k_pi(void);
double k_power(double base, double exponent, Error **error);
double k_radians(double value);
double k_random(void);
int64_t k_identity(int64_t row, int64_t seed, int64_t step, Error **error);
void k_round_decimal(I128 *result, int32_t result_scale, const I128 *value, int32_t scale);
void k_round_decimal_to(I128 *result, int32_t result_scale, const I128 *value, int32_t scale, int64_t decimals,
                        Error **error);
double k_round_double(double value);
double k_round_double_to(double value, int64_t decimals);
void k_sign_decimal(I128 *result, int32_t result_scale, const I128 *value, int32_t scale);
double k_sign_double(double value);
double k_sin(double value);
double k_sqrt(double value, Error **error);
double k_tan(double value);
void k_trunc_decimal(I128 *result, int32_t result_scale, const I128 *value, int32_t scale);
void k_trunc_decimal_to(I128 *result, int32_t result_scale, const I128 *value, int32_t scale, int64_t decimals);
double k_trunc_double(double value);
double k_trunc_double_to(double value, int64_t decimals);

/* pair.c */
void k_pair(I128 *result, int32_t scale, double y, double x);
/* agg: an AggId whose argument is a PAIR; the rest is its state. */
double k_pair_result(int64_t agg, int64_t count, double mean_y, double squares_y, double mean_x, double squares_x,
                     double products, int64_t *null);

/* quote.c */
int64_t k_bpcharcmp(const Str *a, const Str *b);
int64_t k_difference(const Str *a, const Str *b);
int64_t k_no_such(const Str *state, const Str *what, const Str *name, Error **error);
int64_t k_octetindex(const Str *part, const Str *text);
void k_overlay(Arena *arena, Str *result, const Str *text, const Str *with, int64_t start, Error **error);
void k_overlay_for(Arena *arena, Str *result, const Str *text, const Str *with, int64_t start, int64_t count,
                   Error **error);
void k_format_encoding(Arena *arena, Str *result, int64_t number);
void k_quote_ident(Arena *arena, Str *result, const Str *text);
void k_quote_literal(Arena *arena, Str *result, const Str *text);
void k_soundex(Arena *arena, Str *result, const Str *text);
int64_t k_starts_with(const Str *text, const Str *start);

/* regex.c */
int64_t k_not_regex(const Str *text, const Str *pattern, Error **error);
int64_t k_not_regex_insensitive(const Str *text, const Str *pattern, Error **error);
int64_t k_regex(const Str *text, const Str *pattern, Error **error);
int64_t k_regex_insensitive(const Str *text, const Str *pattern, Error **error);
int64_t k_regexp_count(const Str *text, const Str *pattern, Error **error);
int64_t k_regexp_count_from(const Str *text, const Str *pattern, int64_t position, Error **error);
int64_t k_regexp_count_options(const Str *text, const Str *pattern, int64_t position, const Str *options,
                               Error **error);
int64_t k_regexp_instr(const Str *text, const Str *pattern, Error **error);
int64_t k_regexp_instr_end(const Str *text, const Str *pattern, int64_t position, int64_t occurrence, int64_t behind_it,
                           Error **error);
int64_t k_regexp_instr_from(const Str *text, const Str *pattern, int64_t position, Error **error);
int64_t k_regexp_instr_nth(const Str *text, const Str *pattern, int64_t position, int64_t occurrence, Error **error);
int64_t k_regexp_instr_options(const Str *text, const Str *pattern, int64_t position, int64_t occurrence,
                               int64_t behind_it, const Str *options, Error **error);
void k_regexp_remove(Arena *arena, Str *result, const Str *text, const Str *pattern, Error **error);
void k_regexp_replace(Arena *arena, Str *result, const Str *text, const Str *pattern, const Str *with, Error **error);
void k_regexp_replace_flags(Arena *arena, Str *result, const Str *text, const Str *pattern, const Str *with,
                            const Str *options, Error **error);
void k_regexp_replace_from(Arena *arena, Str *result, const Str *text, const Str *pattern, const Str *with,
                           int64_t position, Error **error);
void k_regexp_replace_options(Arena *arena, Str *result, const Str *text, const Str *pattern, const Str *with,
                              int64_t position, const Str *options, Error **error);
void k_regexp_substr(Arena *arena, Str *result, const Str *text, const Str *pattern, Error **error);
void k_regexp_substr_from(Arena *arena, Str *result, const Str *text, const Str *pattern, int64_t position,
                          Error **error);
void k_regexp_substr_nth(Arena *arena, Str *result, const Str *text, const Str *pattern, int64_t position,
                         int64_t occurrence, Error **error);
void k_regexp_substr_options(Arena *arena, Str *result, const Str *text, const Str *pattern, int64_t position,
                             int64_t occurrence, const Str *options, Error **error);
void k_substring_regex(Arena *arena, Str *result, const Str *text, const Str *pattern, int64_t *null, Error **error);

/* similar.c */
void k_similar(Arena *arena, Str *result, const Str *pattern, Error **error);
void k_similar_escape(Arena *arena, Str *result, const Str *pattern, const Str *escape, Error **error);

/* sketch.c */
int64_t k_sketch_bigint(int64_t value);
int64_t k_sketch_count(double weight, int64_t filled);
int64_t k_sketch_decimal(const I128 *value, int32_t scale);
int64_t k_sketch_double(double value);
int64_t k_sketch_slot(int64_t sketch);
int64_t k_sketch_text(const Str *value);
double k_sketch_weight(int64_t sketch);
#define SKETCH_BITS      15 /* 2^15 registers: to about 0.6 % */
#define SKETCH_REGISTERS (1 << SKETCH_BITS)
#define SKETCH_RANKS     64 /* a sketch is register * SKETCH_RANKS + rank */

/* str.c */
int64_t k_ascii(const Str *text);
void k_btrim(Arena *arena, Str *result, const Str *text);
void k_btrim_set(Arena *arena, Str *result, const Str *text, const Str *set);
int64_t k_charindex(const Str *part, const Str *text);
void k_chr(Arena *arena, Str *result, int64_t code, Error **error);
void k_concat(Arena *arena, Str *result, const Str *a, const Str *b);
void k_initcap(Arena *arena, Str *result, const Str *text);
void k_left(Arena *arena, Str *result, const Str *text, int64_t count);
int64_t k_length(const Str *text);
void k_lower(Arena *arena, Str *result, const Str *text);
void k_lpad(Arena *arena, Str *result, const Str *text, int64_t count, Error **error);
void k_lpad_fill(Arena *arena, Str *result, const Str *text, int64_t count, const Str *fill, Error **error);
void k_ltrim(Arena *arena, Str *result, const Str *text);
void k_ltrim_set(Arena *arena, Str *result, const Str *text, const Str *set);
int64_t k_octet_length(const Str *text);
void k_repeat(Arena *arena, Str *result, const Str *text, int64_t count, Error **error);
void k_replace(Arena *arena, Str *result, const Str *text, const Str *old, const Str *new, Error **error);
void k_reverse(Arena *arena, Str *result, const Str *text);
void k_right(Arena *arena, Str *result, const Str *text, int64_t count);
void k_rpad(Arena *arena, Str *result, const Str *text, int64_t count, Error **error);
void k_rpad_fill(Arena *arena, Str *result, const Str *text, int64_t count, const Str *fill, Error **error);
void k_rtrim(Arena *arena, Str *result, const Str *text);
void k_rtrim_set(Arena *arena, Str *result, const Str *text, const Str *set);
void k_split_part(Arena *arena, Str *result, const Str *text, const Str *delimiter, int64_t number, Error **error);
int64_t k_strpos(const Str *text, const Str *part);
void k_substring(Arena *arena, Str *result, const Str *text, int64_t start);
void k_substring_for(Arena *arena, Str *result, const Str *text, int64_t start, int64_t count, Error **error);
void k_translate(Arena *arena, Str *result, const Str *text, const Str *from, const Str *to, Error **error);
void k_upper(Arena *arena, Str *result, const Str *text);

#endif
