"""Topics as ROS 2 has them, over the same DDS as a robot's wire: no ROS is needed here, only at the other end."""
