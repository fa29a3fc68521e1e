/* Nescio from C: is this one input something that my classifier knows?
 *
 * A network's answers (logits [N, C], features [N, D]) go in, a score for each row comes out: higher = more
 * out-of-distribution (OOD). A detector is fitted on rows of training data, calibrated on rows that it has not seen,
 * saved as a folder, and asked through a scorer. The folders are those of the program `nescio`, both ways.
 *
 * Rules for every function:
 *  - What can fail returns a status; where it is not NESCIO_OK, `error` (may be NULL) holds one sentence that says what
 *    was expected, what was found and what to do, and nothing else that was passed in has changed. With NESCIO_OK
 *    `error` holds the empty text.
 *  - Nothing is printed, nothing aborts, no C++ exception leaves.
 *  - Text is UTF-8 and ends with 0. Rows are float32, row-major, and finite. Arrays that are passed in are read during
 *    the call and stay the caller's; none is kept.
 *  - A handle belongs to the caller, who gives it to the `..._free` of its type once (NULL is fine). `const` handles may
 *    be used by any number of threads at once; a handle that is not const by one, and by no other meanwhile. There is no
 *    state outside of handles but the number of threads.
 *  - Text that a function returns as `const char *` lives as long as the handle it was asked of, or for ever where there
 *    is none.
 */
#ifndef NESCIO_NESCIO_H
#define NESCIO_NESCIO_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) && !defined(NESCIO_STATIC)
#define NESCIO_API __attribute__((visibility("default")))
#else
#define NESCIO_API
#endif

#ifdef __cplusplus
#define NESCIO_NOEXCEPT noexcept
extern "C" {
#else
#define NESCIO_NOEXCEPT
#endif

typedef enum nescio_status {
  NESCIO_OK = 0,
  NESCIO_INVALID_ARGUMENT = 1, /* the call cannot be meant: a null pointer, other counts of rows */
  NESCIO_REFUSED = 2,          /* data, a file, a spec or a request is not as it must be */
  NESCIO_NO_MEMORY = 3,
  NESCIO_INTERNAL = 4 /* a fault of the library: please report it */
} nescio_status;

#define NESCIO_MESSAGE_SIZE 1024

/* What went wrong, in a buffer of the caller's; a longer message ends in "...". */
typedef struct nescio_error {
  char message[NESCIO_MESSAGE_SIZE];
} nescio_error;

/* A named matrix of float32 that somebody else owns: element (r, c) is data[r * stride + c]. The name is "logits" [N, C],
 * "features" [N, D], or what a probe is called: "odin(epsilon=0.0014,T=1000)". */
typedef struct nescio_array {
  const char* name;
  const float* data;
  size_t rows;
  size_t cols;
  size_t stride; /* in floats, at least cols; 0 stands for cols */
} nescio_array;

/* Rows of one data set: arrays of equally many rows. */
typedef struct nescio_rows {
  const nescio_array* arrays; /* [array_count] */
  size_t array_count;         /* 0: no rows */
  const int64_t* labels;      /* [rows], 0 .. C - 1; NULL where they are not known */
} nescio_rows;

/* ------------------------------------------------------------------------------------------------ the library */

/* "0.1.0" */
NESCIO_API const char* nescio_version(void) NESCIO_NOEXCEPT;

/* Threads (>= 1) that one call may use from now on, for the whole process; at first OMP_NUM_THREADS or all cores. Fits,
 * evaluations, and scores of many rows use them, a scorer asked for a few rows always the caller's thread alone. A process that
 * was forked off has one, since threads do not survive a fork, and is refused more. Any thread may call it. */
NESCIO_API nescio_status nescio_set_threads(int threads, nescio_error* error) NESCIO_NOEXCEPT;

/* Names of detectors and of shapers, which stand before one ("react+energy"), ascending; NULL from `count` on. */
NESCIO_API size_t nescio_detector_name_count(void) NESCIO_NOEXCEPT;
NESCIO_API const char* nescio_detector_name(size_t index) NESCIO_NOEXCEPT;

/* What `nescio describe` says of a detector or shaper: *json becomes a JSON object with name, kind, summary, formula, paper, needs,
 * cost, parameters (name, type, default, range, doc) and more, for nescio_text_free(). */
NESCIO_API nescio_status nescio_describe(const char* name, char** json,
                                         nescio_error* error) NESCIO_NOEXCEPT;
NESCIO_API void nescio_text_free(char* text) NESCIO_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------ feature banks */

/* A folder of arrays that `nescio extract`, `nescio import` or nescio_bank_add() wrote. Values are read when they are asked for. */
typedef struct nescio_bank nescio_bank;

NESCIO_API nescio_status nescio_bank_open(const char* folder, nescio_bank** bank,
                                          nescio_error* error) NESCIO_NOEXCEPT;
/* The same, and an empty bank where there is none. */
NESCIO_API nescio_status nescio_bank_create(const char* folder, nescio_bank** bank,
                                            nescio_error* error) NESCIO_NOEXCEPT;
NESCIO_API void nescio_bank_free(nescio_bank* bank) NESCIO_NOEXCEPT;

/* "cifar10/test", ... ascending; NULL from `count` on. */
NESCIO_API size_t nescio_bank_split_count(const nescio_bank* bank) NESCIO_NOEXCEPT;
NESCIO_API const char* nescio_bank_split(const nescio_bank* bank, size_t index) NESCIO_NOEXCEPT;

/* Writes the rows as the split "SET/SPLIT", which may have been there and is replaced when the new one is complete: labels [N] and
 * arrays [N, ...], all finite, logits and features as wide as those of the other splits. */
NESCIO_API nescio_status nescio_bank_add(nescio_bank* bank, const char* split,
                                         const nescio_rows* rows,
                                         nescio_error* error) NESCIO_NOEXCEPT;
/* Replaces the last layer of the network, W [classes, features] row-major and b [classes]: logits = features W^T + b. */
NESCIO_API nescio_status nescio_bank_set_head(nescio_bank* bank, const float* weight,
                                              const float* bias, size_t classes, size_t features,
                                              nescio_error* error) NESCIO_NOEXCEPT;

/* The float32 matrix `name` of a split, mapped from its file: *array is valid as long as the bank, and no longer than its
 * split. */
NESCIO_API nescio_status nescio_bank_array(const nescio_bank* bank, const char* split,
                                           const char* name, nescio_array* array,
                                           nescio_error* error) NESCIO_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------ detectors */

/* A fitted detector with its calibrations. */
typedef struct nescio_detector nescio_detector;

/* What a detector learns from. Set what is not there to zero: nescio_fit_data data = {0}; */
typedef struct nescio_fit_data {
  nescio_rows train; /* what most detectors learn from */
  nescio_rows val;   /* held-out rows of the same classes; some shapers learn from them */
  const nescio_rows*
      ood_val; /* [ood_val_count] sets of OOD rows, for the few that choose on some */
  size_t ood_val_count;
  const float*
      head_weight;        /* W [classes, features], row-major: logits = features W^T + b; or NULL */
  const float* head_bias; /* b [classes]; NULL with head_weight */
  size_t classes;         /* of the head */
  size_t features;        /* of the head */
  const char* const* class_names; /* [class_name_count], by class; may be NULL */
  size_t class_name_count;
} nescio_fit_data;

/* Fits `spec`, written as on the command line: "knn(k=50)", "react(q=0.9)+energy", "mean(msp,vim)"; `nescio describe NAME` and
 * nescio_describe() say what each needs. Rows are copied where the detector keeps them (nearest neighbours). */
NESCIO_API nescio_status nescio_detector_fit(const char* spec, const nescio_fit_data* data,
                                             nescio_detector** detector,
                                             nescio_error* error) NESCIO_NOEXCEPT;

/* The same on splits of a bank, "SET/SPLIT": val may be NULL, ood_val is NULL or several separated by commas. */
NESCIO_API nescio_status nescio_detector_fit_bank(const char* spec, const nescio_bank* bank,
                                                  const char* train, const char* val,
                                                  const char* ood_val, nescio_detector** detector,
                                                  nescio_error* error) NESCIO_NOEXCEPT;

/* Reads a folder that nescio_detector_save() or `nescio fit` wrote, with its calibrations. Damaged files, those of a newer
 * format, and a detector that does not give the scores that it had when it was saved are refused. */
NESCIO_API nescio_status nescio_detector_load(const char* folder, nescio_detector** detector,
                                              nescio_error* error) NESCIO_NOEXCEPT;

/* Writes it with its calibrations, in place of an older detector; any other folder that is not empty is refused. */
NESCIO_API nescio_status nescio_detector_save(const nescio_detector* detector, const char* folder,
                                              nescio_error* error) NESCIO_NOEXCEPT;
NESCIO_API void nescio_detector_free(nescio_detector* detector) NESCIO_NOEXCEPT;

/* The spec as it was asked for. */
NESCIO_API const char* nescio_detector_spec(const nescio_detector* detector) NESCIO_NOEXCEPT;
/* What fitting had to say without failing, a line each; "" where there is nothing, and of a detector that was loaded. */
NESCIO_API const char* nescio_detector_notices(const nescio_detector* detector) NESCIO_NOEXCEPT;

/* The arrays that scoring reads: name and width (width may be NULL); NULL from `count` on. Where it names logits, and the detector
 * holds the head of a network that gave none, features stand for them. */
NESCIO_API size_t nescio_detector_input_count(const nescio_detector* detector) NESCIO_NOEXCEPT;
NESCIO_API const char* nescio_detector_input(const nescio_detector* detector, size_t index,
                                             size_t* width) NESCIO_NOEXCEPT;

typedef enum nescio_goal {
  NESCIO_KEEP = 0,     /* the lowest threshold that keeps a share of the ID rows */
  NESCIO_CATCH = 1,    /* the highest threshold that catches a share of the OOD rows */
  NESCIO_THRESHOLD = 2 /* this threshold */
} nescio_goal;

/* What is asked of a calibration; begin with NESCIO_CALIBRATION_DEFAULT. */
typedef struct nescio_calibration {
  int goal;     /* a nescio_goal */
  double value; /* the share, in (0, 1), or the threshold */
  int guarantee; /* 1: the share holds for rows to come, with `confidence`; too few rows are refused */
  double confidence; /* in (0, 1): of guarantee, intervals and conditional p-values */
  int per_class; /* 1: a threshold and p-values for each class that the network sees (with NESCIO_KEEP) */
  size_t class_rows; /* classes with fewer rows have the threshold of all */
  int conditional_p_values; /* 1: p-values hold for this very calibration set (Bates et al. 2023), not on average */
  const char* name; /* under which it is kept; NULL: "keep-0.95" and the like */
} nescio_calibration;

#define NESCIO_CALIBRATION_DEFAULT \
  { NESCIO_KEEP, 0.95, 0, 0.95, 0, 100, 0, NULL }

/* A share of rows with Clopper and Pearson's interval; NaN where there are no such rows. */
typedef struct nescio_rate {
  double share;
  double lower;
  double upper;
} nescio_rate;

typedef struct nescio_threshold {
  double value;       /* a row with a higher score is flagged as OOD */
  nescio_rate kept;   /* of the ID rows */
  nescio_rate caught; /* of the OOD rows */
} nescio_threshold;

/* Chooses a threshold on ID rows that the detector has not learned from (and OOD rows, for NESCIO_CATCH; none elsewhere or as
 * you like), keeps what p-values need, and makes this calibration the active one; one of the same name is replaced.
 * `request` and `threshold` may be NULL: the defaults, no report. */
NESCIO_API nescio_status nescio_detector_calibrate(nescio_detector* detector,
                                                   const nescio_calibration* request,
                                                   const nescio_array* id, size_t id_count,
                                                   const nescio_array* ood, size_t ood_count,
                                                   nescio_threshold* threshold,
                                                   nescio_error* error) NESCIO_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------ scorers */

/* A detector prepared to answer: for any number of threads at once. */
typedef struct nescio_scorer nescio_scorer;

/* Zeros are the defaults. */
typedef struct nescio_scorer_options {
  const char* calibration; /* name of one; NULL: the active one, if there is any */
  const double* threshold; /* in place of the calibration's; NULL: the calibration's */
} nescio_scorer_options;

/* Of a saved detector; `options` may be NULL. */
NESCIO_API nescio_status nescio_scorer_load(const char* folder,
                                            const nescio_scorer_options* options,
                                            nescio_scorer** scorer,
                                            nescio_error* error) NESCIO_NOEXCEPT;
/* Of a detector as it is now; later calibrations of it do not change the scorer, which may outlive it. */
NESCIO_API nescio_status nescio_scorer_create(const nescio_detector* detector,
                                              const nescio_scorer_options* options,
                                              nescio_scorer** scorer,
                                              nescio_error* error) NESCIO_NOEXCEPT;
NESCIO_API void nescio_scorer_free(nescio_scorer* scorer) NESCIO_NOEXCEPT;

/* As nescio_detector_spec() and nescio_detector_input(). */
NESCIO_API const char* nescio_scorer_spec(const nescio_scorer* scorer) NESCIO_NOEXCEPT;
NESCIO_API size_t nescio_scorer_input_count(const nescio_scorer* scorer) NESCIO_NOEXCEPT;
NESCIO_API const char* nescio_scorer_input(const nescio_scorer* scorer, size_t index,
                                           size_t* width) NESCIO_NOEXCEPT;

/* What is said of one row. */
typedef struct nescio_answer {
  int32_t predicted; /* the class that the network sees: of the largest logit; -1 without logits */
  int32_t is_ood; /* 1: the score is above the threshold, 0: it is not, -1: there is no threshold */
  double score;   /* higher = more OOD */
  double threshold; /* NaN without one */
  double p_value;   /* conformal: how often a known row scores as high; NaN without a calibration */
  const char* class_name; /* of `predicted`, NULL where not known; lives as long as the scorer */
} nescio_answer;

/* Answers for all rows of arrays [rows, ...]; `rows` may be 0. Logits beyond those that the detector reads are welcome: they
 * say which class the network sees. Up to 16 rows are scored by the calling thread, each by itself, and from the second call on
 * (as many calls as there are threads that ask at once) nothing is allocated; more rows use all threads. The two ways agree within
 * some 1e-6 of the range of the scores. The first call with more rows takes what it takes to prepare that. */
NESCIO_API nescio_status nescio_scorer_answer(const nescio_scorer* scorer,
                                              const nescio_array* arrays, size_t array_count,
                                              nescio_answer* answers, size_t rows,
                                              nescio_error* error) NESCIO_NOEXCEPT;
/* Only the scores [rows]. */
NESCIO_API nescio_status nescio_scorer_score(const nescio_scorer* scorer,
                                             const nescio_array* arrays, size_t array_count,
                                             float* scores, size_t rows,
                                             nescio_error* error) NESCIO_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------ metrics */

typedef struct nescio_metric {
  const char*
      name; /* "auroc", "fpr95_id", ...: `nescio list metrics` says what each is; lives for ever */
  double value;
  double lower; /* of the 95 % interval; NaN where there is none */
  double upper;
} nescio_metric;

/* How well scores tell ID from OOD rows. `metrics`: names separated by commas, NULL for those that `nescio evaluate` always
 * measures. `resamples`: of the bootstrap, for metrics whose interval needs it (the program takes 1000; 0: no such
 * intervals). The first `capacity` go to `found`; *count is how many there are. */
NESCIO_API nescio_status nescio_evaluate(const float* id_scores, size_t id_rows,
                                         const float* ood_scores, size_t ood_rows,
                                         const char* metrics, size_t resamples,
                                         nescio_metric* found, size_t capacity, size_t* count,
                                         nescio_error* error) NESCIO_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif /* NESCIO_NESCIO_H */
