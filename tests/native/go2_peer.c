/* A robot end of the Go2's low-level wire in C, by Cyclone DDS and the compiler alone: it shares nothing with Limber.
 *
 * usage: go2_peer DOMAIN COUNT SECONDS
 * Sends LowState at 500 Hz, answers each LowCmd in it (motor 0..11: q of the command), and checks every LowCmd's CRC
 * over the structure in memory. Ends after COUNT commands or SECONDS; one line of JSON on stdout, status 0 when all
 * commands came and none was broken.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dds/dds.h"
#include "go2.h"

typedef unitree_go_msg_dds__LowCmd_ Command;
typedef unitree_go_msg_dds__LowState_ State;
_Static_assert(sizeof(Command) == 812, "LowCmd in memory");
_Static_assert(sizeof(State) == 1180, "LowState in memory");

static const char *SETTINGS =
    "<CycloneDDS><Domain Id='any'><General><Interfaces><NetworkInterface name='lo' multicast='false'/></Interfaces>"
    "<AllowMulticast>false</AllowMulticast></General><Discovery><ParticipantIndex>auto</ParticipantIndex>"
    "<MaxAutoParticipantIndex>20</MaxAutoParticipantIndex><Peers><Peer address='127.0.0.1'/></Peers></Discovery>"
    "</Domain></CycloneDDS>";

/* Over all words but the last. */
static uint32_t check_sum(const void *structure, size_t size) {
  uint32_t crc = 0xFFFFFFFFu;
  for (size_t word = 0; word + 1 < size / 4; word++) {
    uint32_t value;
    memcpy(&value, (const char *)structure + 4 * word, 4);
    for (int bit = 31; bit >= 0; bit--) {
      uint32_t out = (crc >> 31) ^ ((value >> bit) & 1u);
      crc = (crc << 1) ^ (out ? 0x04C11DB7u : 0u);
    }
  }
  return crc;
}

static dds_entity_t checked(dds_entity_t entity, const char *what) {
  if (entity < 0) {
    fprintf(stderr, "go2_peer: %s: %s\n", what, dds_strretcode(entity));
    exit(2);
  }
  return entity;
}

static void fill(State *state, const Command *command, uint32_t cycle) {
  memset(state, 0, sizeof *state);
  state->head[0] = 0xFE;
  state->head[1] = 0xEF;
  state->level_flag = 0xFF;
  state->imu_state.quaternion[0] = 1.0f;
  state->imu_state.accelerometer[2] = 9.81f;
  state->imu_state.temperature = 41;
  for (int motor = 0; motor < 20; motor++) {
    state->motor_state[motor].mode = 1;
    state->motor_state[motor].q = command->motor_cmd[motor].q;
    state->motor_state[motor].dq = 0.01f * (float)motor;
    state->motor_state[motor].temperature = (uint8_t)(30 + motor);
    state->motor_state[motor].lost = (uint32_t)motor;
  }
  state->bms_state.soc = 88;
  state->bms_state.current = -1234;
  for (int foot = 0; foot < 4; foot++) state->foot_force[foot] = (int16_t)(10 * foot - 5);
  state->tick = 2 * cycle;
  state->wireless_remote[3] = 0x05;
  state->power_v = 29.5f;
  state->fan_frequency[3] = 1500;
  state->crc = check_sum(state, sizeof *state);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  dds_domainid_t domain = (dds_domainid_t)atoi(argv[1]);
  int wanted = atoi(argv[2]), received = 0, broken = 0, sent = 0;
  double seconds = atof(argv[3]);

  checked(dds_create_domain(domain, SETTINGS), "domain");
  dds_entity_t participant = checked(dds_create_participant(domain, NULL, NULL), "participant");
  dds_entity_t command_topic = checked(
      dds_create_topic(participant, &unitree_go_msg_dds__LowCmd__desc, "rt/lowcmd", NULL, NULL), "command topic");
  dds_entity_t state_topic = checked(
      dds_create_topic(participant, &unitree_go_msg_dds__LowState__desc, "rt/lowstate", NULL, NULL), "state topic");
  dds_qos_t *deep = dds_create_qos();
  dds_qset_history(deep, DDS_HISTORY_KEEP_LAST, 64);
  dds_entity_t reader = checked(dds_create_reader(participant, command_topic, deep, NULL), "reader");
  dds_entity_t writer = checked(dds_create_writer(participant, state_topic, NULL, NULL), "writer");
  dds_delete_qos(deep);

  Command newest;
  memset(&newest, 0, sizeof newest);
  struct timespec next;
  clock_gettime(CLOCK_MONOTONIC, &next);
  for (uint32_t cycle = 0; cycle < 500 * seconds && received < wanted; cycle++) {
    Command command;
    void *samples[1] = {&command};
    dds_sample_info_t info[1];
    for (;;) {
      memset(&command, 0, sizeof command);
      if (dds_take(reader, samples, info, 1, 1) < 1) break;
      if (!info[0].valid_data) continue;
      received++;
      broken += check_sum(&command, sizeof command) != command.crc;
      newest = command;
    }
    State state;
    fill(&state, &newest, cycle);
    sent += dds_write(writer, &state) == DDS_RETCODE_OK;
    next.tv_nsec += 2000000;
    if (next.tv_nsec >= 1000000000) {
      next.tv_nsec -= 1000000000;
      next.tv_sec++;
    }
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
  }
  printf("{\"received\": %d, \"crc_errors\": %d, \"sent\": %d}\n", received, broken, sent);
  dds_delete(participant);
  return received >= wanted && broken == 0 ? 0 : 1;
}
